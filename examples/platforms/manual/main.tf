# The people of an app without an API. What the app exports is what roster reads;
# what is to change, a person changes in the app.

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {
  manual = {
    figma = { # a name of your choice: the business_id below
      roster_file = "${path.module}/figma.csv"
      admin_url   = "https://figma.example/admin/people"
    }
  }
}

resource "roster_business_hub" "figma" {
  platform    = "manual"
  business_id = "figma"
  label       = "Figma"
}

# Both are in the export: the first apply takes their seats over.
resource "roster_hub_member" "ada" {
  hub_id = roster_business_hub.figma.id
  email  = "ada@northwind.example"
  role   = "Admin" # as the export writes it
}

resource "roster_hub_member" "bo" {
  hub_id = roster_business_hub.figma.id
  email  = "bo@northwind.example"
  role   = "Viewer"
}

data "roster_hub_sync" "figma" {
  hub_id          = roster_business_hub.figma.id
  expected_emails = [roster_hub_member.ada.email, roster_hub_member.bo.email]
}

output "nobody_declared" {
  value = data.roster_hub_sync.figma.unexpected
}

output "what_to_do" {
  value = { for seat in data.roster_hub_sync.figma.flagged : seat.email => seat.manual_steps }
}
