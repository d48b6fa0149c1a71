data "roster_platforms" "all" {}

output "left_to_people" {
  description = "What each platform's API cannot do."
  value = {
    for name, platform in data.roster_platforms.all.platforms :
    name => [for operation, support in platform.capabilities : operation if support == "unsupported"]
  }
}
