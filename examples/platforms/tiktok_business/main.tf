# The people of a TikTok Business Center.
#
# export TIKTOK_ACCESS_TOKEN=...

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

resource "roster_business_hub" "center" {
  platform    = "tiktok_business"
  business_id = "6900000000000000001" # org_id in the address of the Business Center
  label       = "Northwind BC"
}

resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.center.id
  email  = "ada@northwind.example"
  role   = "ADMIN"
}

resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.center.id
  email  = "bo@northwind.example"
  role   = "STANDARD"
}

resource "roster_hub_member" "gia" {
  hub_id = roster_business_hub.center.id
  email  = "gia@northwind.example"
  role   = "STANDARD"
}

# A secondary role, beside the primary one. TikTok's API gives it to members, not
# to invitations, and cannot take it away: destroying this prints the steps.
resource "roster_hub_member_role" "bo_reads_invoices" {
  member_id = roster_hub_member.bo.id
  role      = "finance:ANALYST"
}
