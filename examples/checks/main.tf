# What may stop a run, and what may only warn. A precondition or a postcondition
# that fails is an error, and nobody is changed; a check that fails is a warning.
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

variable "seats" {
  description = "How many people this business may have at the most."
  type        = number
  default     = 10
}

locals {
  team = {
    "ada@northwind.example" = "ADMIN"
    "bo@northwind.example"  = "EMPLOYEE"
    "gia@northwind.example" = "EMPLOYEE"
  }
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

# Who is there before the run changes anybody.
data "roster_hub_sync" "before" {
  hub_id          = roster_business_hub.paid_social.id
  expected_emails = keys(local.team)
}

resource "roster_hub_member" "team" {
  for_each = local.team

  hub_id = roster_business_hub.paid_social.id
  email  = each.key
  role   = each.value

  lifecycle {
    # An error at plan: nobody gets a seat that the budget does not hold.
    precondition {
      condition     = length(data.roster_hub_sync.before.members) + length(data.roster_hub_sync.before.missing) <= var.seats
      error_message = "With ${each.key} there would be more than ${var.seats} people on the hub."
    }
  }
}

# Who is there afterwards.
data "roster_hub_sync" "after" {
  hub_id          = roster_business_hub.paid_social.id
  expected_emails = keys(local.team)

  depends_on = [roster_hub_member.team]

  lifecycle {
    # An error: the second administrator is who lets the company back in.
    postcondition {
      condition     = length([for m in self.members : m if m.admin && m.status == "active"]) >= 2
      error_message = "${self.hub_id} has fewer than two administrators."
    }
  }
}

output "team" {
  value = { for email, seat in roster_hub_member.team : email => seat.status }

  # An error: what reads this output counts on everybody being there.
  precondition {
    condition     = length(data.roster_hub_sync.after.missing) == 0
    error_message = "Not on the hub: ${join(", ", data.roster_hub_sync.after.missing)}."
  }
}

# A warning. The data source may stand inside the check too; an unreadable hub is
# then a warning as well, but no plan is ever empty: Terraform reads such a data
# source anew with each apply, and plan -detailed-exitcode says 2 for it.
check "nobody_undeclared" {
  assert {
    condition     = length(data.roster_hub_sync.after.unexpected) == 0
    error_message = "Nobody declared ${join(", ", data.roster_hub_sync.after.unexpected)}."
  }
}
