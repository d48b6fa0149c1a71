# A hub that a pipeline keeps: people.csv is reviewed like any other change, and a
# line that goes is a seat that goes. Credentials come from the environment.
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

data "roster_hub_sync" "paid_social" {
  hub_id          = roster_business_hub.paid_social.id
  expected_emails = keys(local.people)

  depends_on = [roster_hub_member.people]
}

# An output and not only a check: somebody who turns up without a line changes it,
# and a plan that changes an output exits with 2.
output "nobody_declared" {
  value = data.roster_hub_sync.paid_social.unexpected
}
