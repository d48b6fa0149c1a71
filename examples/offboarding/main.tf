# Offboarding: whoever is no longer in the company directory loses the seat with the
# next apply; a leaver whose seat nobody declared is shown, with the steps that take
# it away by hand.
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

locals {
  # Who works here. In earnest the data source of an identity provider: see
  # examples/directory.
  directory = [for p in csvdecode(file("${path.module}/directory.csv")) : lower(p.email)]

  # Who is to have a seat. The line of a leaver may stay: it gives nothing to
  # somebody who is not in the directory.
  people = { for p in csvdecode(file("${path.module}/people.csv")) : lower(p.email) => p }
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "seats" {
  for_each = { for email, p in local.people : email => p if contains(local.directory, email) }

  hub_id = roster_business_hub.paid_social.id
  email  = each.value.email
  role   = each.value.role
}

# Empty, but for the moment in which somebody takes over a leaver's undeclared seat
# by import. The next apply, without the variable, removes it.
variable "leavers" {
  description = "Leavers to take over by import: see the guide on offboarding."
  type        = set(string)
  default     = []
}

resource "roster_hub_member" "leavers" {
  for_each = var.leavers

  hub_id = roster_business_hub.paid_social.id
  email  = each.value
}

# Who left and still has a seat, declared or not.
data "roster_hub_sync" "paid_social" {
  hub_id           = roster_business_hub.paid_social.id
  directory_emails = local.directory
  ignore           = ["*@agency.example"]

  depends_on = [roster_hub_member.seats, roster_hub_member.leavers]
}

check "no_leaver_has_a_seat" {
  assert {
    condition     = length(data.roster_hub_sync.paid_social.departed) == 0
    error_message = "People who left still have a seat: ${join(", ", data.roster_hub_sync.paid_social.departed)}."
  }
}

output "departed" {
  value = data.roster_hub_sync.paid_social.departed
}

output "manual_steps" {
  description = "What to do by hand for each of them."
  value = join("\n\n", [
    for seat in data.roster_hub_sync.paid_social.flagged : "${seat.email} (${seat.status}, ${seat.reason}). ${seat.manual_steps}"
  ])
}
