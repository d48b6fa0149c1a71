data "roster_hub_roles" "paid_social" {
  hub_id = "meta_business/222000111000222"
}

output "roles" {
  description = "What a configuration may write, and what the platform's screens call it."
  value       = { for role in data.roster_hub_roles.paid_social.roles : role.id => role.label }
}

output "who_manages_people" {
  description = "The roles whose last holder must stay."
  value       = [for role in data.roster_hub_roles.paid_social.roles : role.id if role.admin]
}
