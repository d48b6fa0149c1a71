# The people of a Meta business portfolio.
#
# export META_ACCESS_TOKEN=...
# export META_APP_SECRET=...

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.paid_social.id
  email  = "ada@northwind.example"
  role   = "ADMIN" # Full control on Meta's screens
}

resource "roster_hub_member" "gia" {
  hub_id = roster_business_hub.paid_social.id
  email  = "gia@northwind.example"
  role   = "EMPLOYEE"
}

# The seat is one thing, what Bo may do with it another: perhaps another team's.
resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.paid_social.id
  email  = "bo@northwind.example"
}

resource "roster_hub_member_role" "bo_manages" {
  member_id = roster_hub_member.bo.id
  role      = "ADMIN"
}
