resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
}

# The seat is one thing: no role here, so a role given elsewhere is left alone.
resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.paid_social.id
  email  = "ada@northwind.example"
}

resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.paid_social.id
  email  = "bo@northwind.example"
}

# What the people may do is another, perhaps in another team's configuration.
# Destroying one of these returns the person to the least-privileged role.
resource "roster_hub_member_role" "ada_admin" {
  member_id = roster_hub_member.ada.id
  role      = "ADMIN"
}

resource "roster_hub_member_role" "bo_admin" {
  member_id = roster_hub_member.bo.id
  role      = "ADMIN"
}
