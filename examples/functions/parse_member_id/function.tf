resource "roster_hub_member" "bo" {
  hub_id = "meta_business/222000111000222"
  email  = "bo@northwind.example"
}

output "seat" {
  description = "platform, business_id, hub_id and email, for a ticket or a tag."
  value       = provider::roster::parse_member_id(roster_hub_member.bo.id)
}
