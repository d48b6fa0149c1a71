# A whole hub from a list that anybody can edit: one line a person, reviewed like
# any other change. A line that goes is a seat that goes.
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

locals {
  people = { for p in csvdecode(file("${path.module}/people.csv")) : lower(p.email) => p }
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "people" {
  for_each = local.people

  hub_id = roster_business_hub.paid_social.id
  email  = each.value.email
  role   = each.value.role
}

# Whoever is there without a line.
data "roster_hub_sync" "paid_social" {
  hub_id          = roster_business_hub.paid_social.id
  expected_emails = keys(local.people)

  depends_on = [roster_hub_member.people]
}

check "everybody_has_a_line" {
  assert {
    condition     = length(data.roster_hub_sync.paid_social.unexpected) == 0
    error_message = "On the hub and not in people.csv: ${join(", ", data.roster_hub_sync.paid_social.unexpected)}."
  }
}
