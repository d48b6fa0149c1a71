# The people of a Pinterest business account.
#
# export PINTEREST_ACCESS_TOKEN=...

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

resource "roster_business_hub" "home" {
  platform    = "pinterest_business"
  business_id = "2783136121146310001" # of the business account, not of an ad account
  label       = "Northwind Home"
}

resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.home.id
  email  = "ada@northwind.example"
  role   = "BIZ_ADMIN" # Manager on Pinterest's screens
}

resource "roster_hub_member" "gia" {
  hub_id = roster_business_hub.home.id
  email  = "gia@northwind.example"
  role   = "EMPLOYEE"
}

# The seat is one thing, what Bo may do with it another: perhaps another team's.
resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.home.id
  email  = "bo@northwind.example"
}

resource "roster_hub_member_role" "bo_manages" {
  member_id = roster_hub_member.bo.id
  role      = "BIZ_ADMIN"
}

# Pinterest can hide addresses. Whoever is shown without one is in no resource,
# and is listed here by user name.
data "roster_hub_sync" "home" {
  hub_id = roster_business_hub.home.id

  depends_on = [roster_hub_member.ada, roster_hub_member.bo, roster_hub_member.gia]
}

output "without_an_address" {
  value = [for m in data.roster_hub_sync.home.members : m.username if m.email == null]
}
