terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

variable "meta_access_token" {
  type      = string
  sensitive = true
}

variable "meta_app_secret" {
  type      = string
  sensitive = true
}

provider "roster" {
  meta_business = {
    access_token = var.meta_access_token
    app_secret   = var.meta_app_secret
  }
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "gia" {
  hub_id = roster_business_hub.paid_social.id
  email  = "gia@northwind.example"
  role   = "EMPLOYEE"
}
