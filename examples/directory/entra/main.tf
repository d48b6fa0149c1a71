# Entra ID decides who has a seat: the people of one group. Who has left the tenant
# and kept a seat is shown.
#
# The literals below have the shape of the azuread provider's data sources, so that
# this plans without a tenant. With one, put these in instead and write data.azuread_...
# where it says local.azuread_...:
#
#   data "azuread_users" "everybody" {
#     return_all = true
#   }
#
#   data "azuread_group" "paid_search" {
#     display_name     = "Paid Search"
#     security_enabled = true
#   }
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
    # azuread = { source = "hashicorp/azuread" }
  }
}

provider "roster" {}

locals {
  azuread_users = {
    everybody = {
      users = [
        { object_id = "00000000-0000-0000-0000-00000000000a", account_enabled = true, display_name = "Ada Diaz", mail = "Ada@northwind.example", user_principal_name = "ada@northwind.example" },
        { object_id = "00000000-0000-0000-0000-00000000000b", account_enabled = true, display_name = "Bo Chen", mail = "", user_principal_name = "bo@northwind.example" },
        { object_id = "00000000-0000-0000-0000-00000000000d", account_enabled = false, display_name = "Dan Ito", mail = "dan.left@northwind.example", user_principal_name = "dan.left@northwind.example" },
        { object_id = "00000000-0000-0000-0000-00000000000e", account_enabled = true, display_name = "Olive Roy", mail = "olive@northwind.example", user_principal_name = "olive@northwind.example" },
      ]
    }
  }
  azuread_group = {
    paid_search = {
      members = [
        "00000000-0000-0000-0000-00000000000a",
        "00000000-0000-0000-0000-00000000000b",
        "00000000-0000-0000-0000-00000000000d",
      ]
    }
  }

  # Accounts that are enabled, by object id. Somebody without a mailbox has an empty
  # mail. A group holds object ids, and those of groups and devices too: whatever is
  # no enabled account drops out below.
  people = {
    for u in local.azuread_users.everybody.users : u.object_id => lower(coalesce(u.mail, u.user_principal_name))
    if u.account_enabled
  }

  directory = values(local.people)
  team      = toset([for id in local.azuread_group.paid_search.members : local.people[id] if contains(keys(local.people), id)])
}

resource "roster_business_hub" "agency" {
  platform    = "google_ads"
  business_id = "1234567890"
  label       = "Northwind Agency"

  lifecycle {
    # A directory that came back empty must not empty the hub.
    precondition {
      condition     = length(local.directory) > 0
      error_message = "The directory is empty: look at the credential's permissions before anybody loses a seat."
    }
  }
}

resource "roster_hub_member" "team" {
  for_each = local.team

  hub_id = roster_business_hub.agency.id
  email  = each.value
}

data "roster_hub_sync" "agency" {
  hub_id           = roster_business_hub.agency.id
  expected_emails  = local.team
  directory_emails = local.directory

  depends_on = [roster_hub_member.team]
}

output "left_and_kept_a_seat" {
  value = data.roster_hub_sync.agency.departed
}
