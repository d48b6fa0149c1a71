# A hub that people have managed by hand until now. terraform plan shows what
# each import takes in; without the resource block,
# terraform plan -generate-config-out=people.tf writes it.
import {
  to = roster_business_hub.paid_social
  id = "meta_business/222000111000222"
}

import {
  for_each = local.people
  to       = roster_hub_member.people[each.key]
  id       = "meta_business/222000111000222/${each.key}"
}

locals {
  people = {
    "ada@northwind.example" = "ADMIN"
    "bo@northwind.example"  = "EMPLOYEE"
    "eve@agency.example"    = "EMPLOYEE" # invited, and imported all the same
  }
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
}

resource "roster_hub_member" "people" {
  for_each = local.people

  hub_id = roster_business_hub.paid_social.id
  email  = each.key
  role   = each.value
}
