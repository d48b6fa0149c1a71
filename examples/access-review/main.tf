# A scheduled access review: it reads, compares and reports, and cannot change
# anybody. Run it with terraform plan or apply; a failed check is a warning, and
# the outputs are for the ticket.
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {
  read_only = true
}

variable "hubs" {
  description = "The hubs under review."
  type        = set(string)
  default     = ["meta_business/222000111000222", "meta_business/222000111000333"]
}

locals {
  # An export of the company directory. The data source of an identity provider
  # does as well.
  directory = csvdecode(file("${path.module}/directory.csv"))[*].email
}

data "roster_hub_sync" "reviewed" {
  for_each = var.hubs

  hub_id           = each.value
  directory_emails = local.directory
  ignore           = ["*@agency.example", "*@retail.northwind.example"]
}

check "no_leaver_has_a_seat" {
  assert {
    condition     = alltrue([for hub in data.roster_hub_sync.reviewed : length(hub.departed) == 0])
    error_message = "People who left still have a seat: ${join(", ", flatten([for hub in data.roster_hub_sync.reviewed : hub.departed]))}."
  }
}

check "few_administrators" {
  assert {
    condition     = alltrue([for admins in local.admins : length(admins) <= 3])
    error_message = "A hub has more than three administrators."
  }
}

locals {
  admins = { for id, hub in data.roster_hub_sync.reviewed : id => [for m in hub.members : m.email if m.admin] }
}

output "admins" {
  value = local.admins
}

output "leavers" {
  description = "Who left and kept a seat, with the steps that take it away by hand."
  value       = { for id, hub in data.roster_hub_sync.reviewed : id => { for seat in hub.flagged : seat.email => seat.manual_steps } }
}
