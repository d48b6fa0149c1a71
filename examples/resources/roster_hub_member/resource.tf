resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

# Somebody new: Meta sends an invitation, and status is "invited" until they
# accept it.
resource "roster_hub_member" "gia" {
  hub_id = roster_business_hub.paid_social.id
  email  = "Gia@Northwind.example"
  role   = "EMPLOYEE"
}

# Somebody who has a seat already is adopted, not invited a second time. Without
# a role they keep the one they have.
resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.paid_social.id
  email  = "bo@northwind.example"
}
