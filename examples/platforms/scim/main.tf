# The people of an app that has a SCIM 2.0 API.
#
# export SCIM_ACME_BASE_URL=https://acme.example/scim/v2
# export SCIM_ACME_TOKEN=...

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {
  scim = {
    acme = { # a name of your choice: the business_id below
      roles       = ["viewer", "editor", "admin"]
      admin_roles = ["admin"]
      admin_url   = "https://acme.example/admin/people"
    }
  }
}

resource "roster_business_hub" "acme" {
  platform    = "scim"
  business_id = "acme"
  label       = "Acme"
}

resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.acme.id
  email  = "ada@northwind.example"
  role   = "admin"
}

# There are no invitations: an account is made, with this name, and is active.
resource "roster_hub_member" "gia" {
  hub_id       = roster_business_hub.acme.id
  email        = "gia@northwind.example"
  display_name = "Gia Holm"
  role         = "editor"
}

# Finn had an account before, and it was switched off: it is switched on again.
resource "roster_hub_member" "finn" {
  hub_id = roster_business_hub.acme.id
  email  = "finn@northwind.example"
  role   = "viewer"
}

# The seat is one thing, what Bo may do with it another: perhaps another team's.
resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.acme.id
  email  = "bo@northwind.example"
}

resource "roster_hub_member_role" "bo_edits" {
  member_id = roster_hub_member.bo.id
  role      = "editor"
}
