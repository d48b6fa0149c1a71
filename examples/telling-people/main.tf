# A record of every task, and a message about each one that fails.
#
# export ROSTER_SMTP_URL=smtp://mail.northwind.example:587
# export ROSTER_SMTP_USERNAME=roster
# export ROSTER_SMTP_PASSWORD=...
# export ROSTER_WEBHOOK_URL=https://hooks.northwind.example/roster
# export ROSTER_WEBHOOK_SECRET=...   # openssl rand -hex 32

terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {
  task_log = "roster-tasks.jsonl"

  notify = {
    smtp = {
      from = "Roster <roster@northwind.example>"
      to   = ["ada@northwind.example", "Olive Roy <olive@northwind.example>"]
    }
    webhook = {}
  }
}

variable "people" {
  description = "Who has a seat, and with which role."
  type        = map(string)
  default = {
    "ada@northwind.example" = "ADMIN"
    "bo@northwind.example"  = "EMPLOYEE"
    "gia@northwind.example" = "EMPLOYEE"
  }
}

resource "roster_business_hub" "paid_social" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}

resource "roster_hub_member" "people" {
  for_each = var.people

  hub_id = roster_business_hub.paid_social.id
  email  = each.key
  role   = each.value
}
