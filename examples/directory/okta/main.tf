# Okta decides who has a seat: the people of one group. Who has left Okta and kept a
# seat is shown.
#
# The literals below have the shape of Okta's data sources, so that this plans
# without an account. With one, put these in instead and write data.okta_users
# where it says local.okta_users:
#
#   data "okta_group" "paid_social" {
#     name = "Paid Social"
#   }
#
#   data "okta_users" "paid_social" {
#     group_id = data.okta_group.paid_social.id
#   }
#
#   data "okta_users" "everybody" {
#     search {
#       expression = "status eq \"ACTIVE\" or status eq \"LOCKED_OUT\" or status eq \"PASSWORD_EXPIRED\" or status eq \"RECOVERY\""
#     }
#   }
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
    # okta = { source = "okta/okta" }
  }
}

provider "roster" {}

locals {
  okta_users = {
    everybody = {
      users = [
        { id = "00u1", login = "ada@northwind.example", email = "ada@northwind.example", first_name = "Ada", last_name = "Diaz", status = "ACTIVE" },
        { id = "00u2", login = "bo@northwind.example", email = "bo@northwind.example", first_name = "Bo", last_name = "Chen", status = "ACTIVE" },
        { id = "00u3", login = "cleo@northwind.example", email = "Cleo@northwind.example", first_name = "Cleo", last_name = "Roy", status = "PASSWORD_EXPIRED" },
      ]
    }
    paid_social = {
      users = [
        { id = "00u1", login = "ada@northwind.example", email = "ada@northwind.example", first_name = "Ada", last_name = "Diaz", status = "ACTIVE" },
        { id = "00u2", login = "bo@northwind.example", email = "bo@northwind.example", first_name = "Bo", last_name = "Chen", status = "ACTIVE" },
        { id = "00u9", login = "ivo@northwind.example", email = "ivo@northwind.example", first_name = "Ivo", last_name = "Nunn", status = "SUSPENDED" },
      ]
    }
  }

  # Everybody with an account that is in use. STAGED and PROVISIONED have not begun
  # yet, SUSPENDED and DEPROVISIONED are leavers.
  directory = [
    for u in local.okta_users.everybody.users : lower(u.email)
    if contains(["ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY"], u.status)
  ]

  # Whoever of the group is in the directory.
  team = toset([for u in local.okta_users.paid_social.users : lower(u.email) if contains(local.directory, lower(u.email))])
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"

  lifecycle {
    # A directory that came back empty must not empty the hub.
    precondition {
      condition     = length(local.directory) > 0
      error_message = "The directory is empty: look at the token and the filter before anybody loses a seat."
    }
  }
}

resource "roster_hub_member" "team" {
  for_each = local.team

  hub_id = roster_business_hub.paid_social.id
  email  = each.value
}

data "roster_hub_sync" "paid_social" {
  hub_id           = roster_business_hub.paid_social.id
  expected_emails  = local.team
  directory_emails = local.directory
  ignore           = ["*@agency.example"]

  depends_on = [roster_hub_member.team]
}

output "left_and_kept_a_seat" {
  value = data.roster_hub_sync.paid_social.departed
}
