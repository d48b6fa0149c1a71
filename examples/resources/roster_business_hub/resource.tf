resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

# One business of many: an agency can keep them in a map.
locals {
  clients = {
    retail = "222000111000333"
  }
}

resource "roster_business_hub" "clients" {
  for_each = local.clients

  platform    = "meta_business"
  business_id = each.value

  # Here removals go through the client: the plan says so and prints the steps.
  unsupported_tasks = ["remove"]
}

output "where_to_manage_people" {
  value = { for key, hub in roster_business_hub.clients : key => hub.admin_url }
}
