data "roster_hub_sync" "paid_social" {
  hub_id = "meta_business/222000111000222"

  # Who should be there.
  expected_emails = ["ada@northwind.example", "bo@northwind.example", "cleo@northwind.example"]

  # Who still works here: in earnest, from the data source of an identity provider.
  directory_emails = ["ada@northwind.example", "bo@northwind.example", "cleo@northwind.example", "gia@northwind.example"]

  # Whom to leave out of the lists below.
  ignore = ["*@agency.example"]
}

output "left_and_kept_a_seat" {
  value = data.roster_hub_sync.paid_social.departed
}

output "what_to_do" {
  value = { for seat in data.roster_hub_sync.paid_social.flagged : seat.email => seat.manual_steps }
}
