# Google Workspace decides who has a seat: the people of one group. Who has left
# Workspace and kept a seat is shown.
#
# The literals below have the shape of the googleworkspace provider's data sources,
# so that this plans without a domain. With one, put these in instead and write
# data.googleworkspace_... where it says local.googleworkspace_...:
#
#   data "googleworkspace_users" "everybody" {}
#
#   data "googleworkspace_group_members" "video" {
#     group_id                   = "video@northwind.example"
#     include_derived_membership = true
#   }
#
# HashiCorp archived its provider in 2025; forks of it have the same data sources.
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
    # googleworkspace = { source = "hashicorp/googleworkspace" }
  }
}

provider "roster" {}

locals {
  googleworkspace_users = {
    everybody = {
      users = [
        { id = "101", primary_email = "ada@northwind.example", suspended = false, archived = false, org_unit_path = "/Marketing" },
        { id = "102", primary_email = "bo@northwind.example", suspended = false, archived = false, org_unit_path = "/Marketing" },
        { id = "103", primary_email = "cleo@northwind.example", suspended = true, archived = false, org_unit_path = "/Leavers" },
        { id = "104", primary_email = "olive@northwind.example", suspended = false, archived = false, org_unit_path = "/Automation" },
      ]
    }
  }
  googleworkspace_group_members = {
    video = {
      members = [
        { id = "101", email = "ada@northwind.example", role = "OWNER", status = "ACTIVE", type = "USER" },
        { id = "102", email = "bo@northwind.example", role = "MEMBER", status = "ACTIVE", type = "USER" },
        { id = "103", email = "cleo@northwind.example", role = "MEMBER", status = "SUSPENDED", type = "USER" },
        { id = "201", email = "editors@northwind.example", role = "MEMBER", status = "ACTIVE", type = "GROUP" },
      ]
    }
  }

  # Accounts in use.
  directory = [for u in local.googleworkspace_users.everybody.users : lower(u.primary_email) if !u.suspended && !u.archived]

  # Whoever of the group is in the directory. A group in the group is no person.
  team = toset([
    for m in local.googleworkspace_group_members.video.members : lower(m.email)
    if m.type == "USER" && contains(local.directory, lower(m.email))
  ])
}

resource "roster_business_hub" "video" {
  platform    = "tiktok_business"
  business_id = "6900000000000000001"
  label       = "Northwind BC"

  lifecycle {
    # A directory that came back empty must not empty the hub.
    precondition {
      condition     = length(local.directory) > 0
      error_message = "The directory is empty: look at the credential's scopes before anybody loses a seat."
    }
  }
}

resource "roster_hub_member" "team" {
  for_each = local.team

  hub_id = roster_business_hub.video.id
  email  = each.value
}

data "roster_hub_sync" "video" {
  hub_id           = roster_business_hub.video.id
  expected_emails  = local.team
  directory_emails = local.directory

  depends_on = [roster_hub_member.team]
}

output "left_and_kept_a_seat" {
  value = data.roster_hub_sync.video.departed
}
