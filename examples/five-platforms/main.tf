# One team on five platforms: a line in team.csv is a seat everywhere, and a line
# that goes is a seat that goes everywhere. Credentials come from the environment,
# each platform's own; its guide says which.
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

locals {
  team = { for p in csvdecode(file("${path.module}/team.csv")) : lower(p.email) => p }

  hubs = {
    meta_business      = { business_id = "222000111000222", label = "Northwind Paid Social" }
    google_ads         = { business_id = "1234567890", label = "Northwind Agency" }
    pinterest_business = { business_id = "2783136121146310001", label = "Northwind Home" }
    snapchat_business  = { business_id = "5cf59a25-0000-40e1-826b-5ceaf369b207", label = "Northwind Snap" }
    tiktok_business    = { business_id = "6900000000000000001", label = "Northwind BC" }
  }

  # What a level in team.csv is called on each platform.
  roles = {
    meta_business      = { lead = "ADMIN", buyer = "EMPLOYEE", viewer = "EMPLOYEE" }
    google_ads         = { lead = "ADMIN", buyer = "STANDARD", viewer = "READ_ONLY" }
    pinterest_business = { lead = "BIZ_ADMIN", buyer = "EMPLOYEE", viewer = "EMPLOYEE" }
    snapchat_business  = { lead = "admin", buyer = "member", viewer = "member" }
    tiktok_business    = { lead = "ADMIN", buyer = "STANDARD", viewer = "STANDARD" }
  }

  seats = {
    for seat in setproduct(keys(local.hubs), keys(local.team)) :
    "${seat[0]}/${seat[1]}" => { platform = seat[0], person = local.team[seat[1]] }
  }
}

resource "roster_business_hub" "hubs" {
  for_each = local.hubs

  platform    = each.key
  business_id = each.value.business_id
  label       = each.value.label
}

resource "roster_hub_member" "team" {
  for_each = local.seats

  hub_id       = roster_business_hub.hubs[each.value.platform].id
  email        = each.value.person.email
  display_name = each.value.person.name
  role         = local.roles[each.value.platform][each.value.person.level]
}

# Who really has a seat, held against team.csv.
data "roster_hub_sync" "hubs" {
  for_each = roster_business_hub.hubs

  hub_id          = each.value.id
  expected_emails = keys(local.team)

  depends_on = [roster_hub_member.team]
}

output "team" {
  description = "Everybody in team.csv, with role and status on each platform."
  value = {
    for email in keys(local.team) : email => {
      for platform in keys(local.hubs) : platform => join(", ", [
        roster_hub_member.team["${platform}/${email}"].role,
        roster_hub_member.team["${platform}/${email}"].status,
      ])
    }
  }
}

output "nobody_declared" {
  description = "Who has a seat without a line in team.csv."
  value       = { for platform, hub in data.roster_hub_sync.hubs : platform => hub.unexpected }
}
