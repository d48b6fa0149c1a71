terraform {
  required_providers {
    roster = {
      source = "roster-iac/roster"
    }
  }
}
