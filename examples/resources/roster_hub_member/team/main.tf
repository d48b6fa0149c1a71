locals {
  team = {
    "ada@northwind.example"  = "ADMIN"
    "bo@northwind.example"   = "EMPLOYEE"
    "cleo@northwind.example" = "EMPLOYEE"
    "gia@northwind.example"  = "EMPLOYEE"
  }
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "team" {
  for_each = local.team

  hub_id = roster_business_hub.paid_social.id
  email  = each.key
  role   = each.value
}

output "waiting_for" {
  description = "Who has not accepted the invitation, and when it runs out."
  value       = { for email, m in roster_hub_member.team : email => m.expires_at if m.status == "invited" }
}
