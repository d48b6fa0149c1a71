# Bo's seat is in another team's configuration; what Bo may do is in this one.
resource "roster_hub_member_role" "bo_manages" {
  member_id = provider::roster::member_id("meta_business/222000111000222", "Bo@northwind.example")
  role      = "ADMIN"
}
