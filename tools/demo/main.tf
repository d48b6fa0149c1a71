terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {} # credentials come from the environment

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "people" {
  for_each = local.people

  hub_id = roster_business_hub.paid_social.id
  email  = each.key
  role   = each.value
}

# Who really has a seat, held against who is declared.
data "roster_hub_sync" "paid_social" {
  hub_id          = roster_business_hub.paid_social.id
  expected_emails = keys(local.people)

  depends_on = [roster_hub_member.people]
}

output "seats" {
  value = {
    for m in data.roster_hub_sync.paid_social.members : coalesce(m.email, m.name) =>
    "${m.role}, ${m.status}${m.expected ? "" : ", nobody declared them"}"
  }
}
