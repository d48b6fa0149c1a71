data "roster_platforms" "all" {}

output "left_to_people" {
  description = "What each platform's API cannot do."
  value = {
    for name, platform in data.roster_platforms.all.platforms :
    name => [for operation, support in platform.capabilities : operation if support == "unsupported"]
  }
}

output "second_e_mail" {
  description = "Where somebody is invited again when the role of their invitation changes."
  value       = [for name, platform in data.roster_platforms.all.platforms : name if platform.capabilities.change_invited_role == "reinvite"]
}

output "invitations_stand_for_days" {
  value = { for name, platform in data.roster_platforms.all.platforms : name => platform.invitation_days }
}
