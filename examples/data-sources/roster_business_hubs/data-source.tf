data "roster_business_hubs" "all" {}

data "roster_business_hubs" "meta" {
  platform = "meta_business"
}

locals {
  connected = ["meta_business/222000111000222"]
}

output "hubs" {
  value = { for hub in data.roster_business_hubs.all.hubs : hub.id => hub.name }
}

output "not_connected_yet" {
  description = "What the credentials can see and no configuration is about."
  value       = [for hub in data.roster_business_hubs.meta.hubs : hub.id if !contains(local.connected, hub.id)]
}
