# The people of a business hub that Cerby keeps.
#
# export CERBY_WORKSPACE=northwind
# export CERBY_API_KEY=...

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

resource "roster_business_hub" "home" {
  platform    = "cerby"
  business_id = "6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10" # of the integration in Cerby
  label       = "Northwind Home"
  runbook     = "pinterest_business" # the app behind it: whose screens the manual steps name
}

# The roles are those of the app.
data "roster_hub_roles" "home" {
  hub_id = roster_business_hub.home.id
}

resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.home.id
  email  = "ada@northwind.example"
  role   = "BIZ_ADMIN"
}

# Gia is in the Cerby workspace already; Cerby adds nobody else. A task is a job
# of Cerby's and takes minutes.
resource "roster_hub_member" "gia" {
  hub_id = roster_business_hub.home.id
  email  = "gia@northwind.example"
  role   = "EMPLOYEE"

  timeouts {
    create = "30m"
    delete = "30m"
  }
}

resource "roster_hub_member_role" "gia_pays" {
  member_id = roster_hub_member.gia.id
  role      = "FINANCE"
}

# Who has a seat in the app and is nobody whom Cerby knows, among others.
data "roster_hub_sync" "home" {
  hub_id          = roster_business_hub.home.id
  expected_emails = [roster_hub_member.ada.email, roster_hub_member.gia.email]
}

output "nobody_declared" {
  value = data.roster_hub_sync.home.unexpected
}

output "roles" {
  value = [for role in data.roster_hub_roles.home.roles : role.id]
}
