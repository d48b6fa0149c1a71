# What tools/demo.sh applies. Endpoint and token come from the environment, as
# they would in a pipeline.
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {
  meta_business = {}
}

variable "people" {
  description = "Who has a seat, and with which role."
  type        = map(string)
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "people" {
  for_each = var.people

  hub_id = roster_business_hub.paid_social.id
  email  = each.key
  role   = each.value
}

data "roster_hub_sync" "paid_social" {
  hub_id          = roster_business_hub.paid_social.id
  expected_emails = keys(var.people)

  depends_on = [roster_hub_member.people]
}

output "nobody_declared" {
  description = "People with a seat that this configuration does not name."
  value       = data.roster_hub_sync.paid_social.unexpected
}
