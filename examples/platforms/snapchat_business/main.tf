# The people of a Snapchat organization.
#
# export SNAPCHAT_CLIENT_ID=...
# export SNAPCHAT_CLIENT_SECRET=...
# export SNAPCHAT_REFRESH_TOKEN=...

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

resource "roster_business_hub" "snap" {
  platform    = "snapchat_business"
  business_id = "5cf59a25-0000-40e1-826b-5ceaf369b207" # of the organization, not of an ad account
  label       = "Northwind Snap"
}

resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.snap.id
  email  = "ada@northwind.example"
  role   = "admin" # Organization Admin on Snapchat's screens
}

# Snapchat wants a name with each invitation. Without one roster takes the part
# of the address before the at sign.
resource "roster_hub_member" "gia" {
  hub_id       = roster_business_hub.snap.id
  email        = "gia@northwind.example"
  display_name = "Gia Holm"
  role         = "member"
}

# The seat is one thing, what Bo may do with it another: perhaps another team's.
resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.snap.id
  email  = "bo@northwind.example"
}

resource "roster_hub_member_role" "bo_reports" {
  member_id = roster_hub_member.bo.id
  role      = "data_admin"
}
