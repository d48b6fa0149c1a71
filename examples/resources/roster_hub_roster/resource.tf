resource "roster_business_hub" "tiktok" {
  platform    = "tiktok_business"
  business_id = "6900000000000000001"
}

# Everybody on the hub. Whoever joins by another way shows in the next plan as
# somebody to go.
resource "roster_hub_roster" "tiktok" {
  hub_id = roster_business_hub.tiktok.id

  members = {
    # All of the secondary roles; without extra_roles they are left alone.
    "ada@northwind.example"   = { role = "ADMIN", extra_roles = ["finance:MANAGER"] }
    "olive@northwind.example" = { role = "ADMIN" }
    "bo@northwind.example"    = { role = "STANDARD" }

    # Somebody new, with the platform's least-privileged role.
    "nia@northwind.example" = {}
  }

  # The agency looks after its own people.
  ignore = ["*@agency.example"]
}
