# export META_ACCESS_TOKEN=...
# export META_APP_SECRET=...
# export PINTEREST_ACCESS_TOKEN=...

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
}

resource "roster_business_hub" "home" {
  platform    = "pinterest_business"
  business_id = "2783136121146310001"
}
