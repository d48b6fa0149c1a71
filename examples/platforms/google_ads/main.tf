# The people of a Google Ads manager account.
#
# export GOOGLE_ADS_CLIENT_ID=...
# export GOOGLE_ADS_CLIENT_SECRET=...
# export GOOGLE_ADS_REFRESH_TOKEN=...   # or, instead of these three, GOOGLE_ADS_JSON_KEY_FILE_PATH

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {}

resource "roster_business_hub" "agency" {
  platform    = "google_ads"
  business_id = "1234567890" # 123-456-7890 on Google's screens
  label       = "Northwind Agency"
}

# Google may hold any of these changes until a second administrator approves it,
# so see to it that there are two.
resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.agency.id
  email  = "ada@northwind.example"
  role   = "ADMIN"
}

# A removal waits for that approval, this long at most.
resource "roster_hub_member" "gia" {
  hub_id = roster_business_hub.agency.id
  email  = "gia@northwind.example"
  role   = "READ_ONLY"

  timeouts {
    delete = "15m"
  }
}

# The seat is one thing, what Bo may do with it another: perhaps another team's.
resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.agency.id
  email  = "bo@northwind.example"
}

resource "roster_hub_member_role" "bo_campaigns" {
  member_id = roster_hub_member.bo.id
  role      = "STANDARD"
}

output "waiting" {
  description = "Who has not accepted yet, and whose change a second administrator has to approve."
  value = {
    for m in [roster_hub_member.ada, roster_hub_member.bo, roster_hub_member.gia] : m.email => m.status
    if contains(["invited", "pending_approval"], m.status)
  }
}
