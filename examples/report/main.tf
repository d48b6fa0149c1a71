# A review that ends in a file: everybody who needs action on one of the hubs, as
# CSV for a spreadsheet and as Markdown for a ticket. It reads, and can change
# nobody.
#
#   terraform apply
#   terraform output -raw report_markdown >report.md
#   terraform output -raw report_csv >report.csv
terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}

provider "roster" {
  read_only = true
}

locals {
  # Who is to have a seat, and where.
  people = csvdecode(file("${path.module}/people.csv"))

  # Who works here: an export, or the data source of an identity provider as in
  # examples/directory.
  directory = csvdecode(file("${path.module}/directory.csv"))[*].email
}

data "roster_hub_sync" "reviewed" {
  for_each = toset(local.people[*].hub_id)

  hub_id           = each.value
  expected_emails  = [for p in local.people : p.email if p.hub_id == each.value]
  directory_emails = local.directory
  ignore           = ["*@agency.example", "*@retail.northwind.example"]
}

locals {
  # One line a flagged person. read_at stays out: in a report that changes with every
  # run nobody sees the run that changed it.
  lines = flatten([
    for id, hub in data.roster_hub_sync.reviewed : [
      for seat in hub.flagged : { cells = [id, seat.email, seat.status, seat.reason, seat.task] }
    ]
  ])
}

output "report_csv" {
  # Every cell in quotes. Somebody whose address is hidden goes by a name of their
  # own choosing, and a spreadsheet takes what begins with = + - @ for a formula.
  value = join("", [
    for line in concat([{ cells = ["hub_id", "email", "status", "reason", "task"] }], local.lines) :
    format("%s\n", join(",", [for cell in line.cells : format("\"%s\"", replace(replace(cell, "/^[-=+@]/", "'$0"), "\"", "\"\""))]))
  ])
}

output "report_markdown" {
  value = templatefile("${path.module}/report.md.tftpl", { hubs = data.roster_hub_sync.reviewed })
}
