# An agency in a client's business: the client's own people are there first, and
# are to stay when the contract ends.
resource "roster_business_hub" "client" {
  platform    = "meta_business"
  business_id = "222000111000333"
  label       = "Northwind Retail, for the agency"
}

# The agency's own person. If somebody is there under this address, stop and
# ask for an import instead of taking the seat over.
resource "roster_hub_member" "planner" {
  hub_id = roster_business_hub.client.id
  email  = "planner@agency.example"
  role   = "EMPLOYEE"

  on_existing = "fail"
  on_expired  = "keep" # the client decides whether to invite again

  timeouts {
    create = "10m"
  }
}

# The client's analyst, an admin for as long as the campaign runs. Afterwards
# the seat stays, with the least-privileged role.
resource "roster_hub_member" "analyst" {
  hub_id = roster_business_hub.client.id
  email  = "member-00001@retail.northwind.example"
  role   = "ADMIN"

  on_destroy = "downgrade"
}

# The client's owner. roster watches the role, and destroying this resource
# leaves the person as they are.
resource "roster_hub_member" "owner" {
  hub_id = roster_business_hub.client.id
  email  = "ada@northwind.example"
  role   = "ADMIN"

  on_destroy = "keep"
}
