# The offboarding page of the handbook: how somebody is removed by hand, on every
# platform.
data "roster_platforms" "all" {}

output "offboarding" {
  value = {
    for name, platform in data.roster_platforms.all.platforms :
    platform.title => provider::roster::manual_steps(name, "remove", "bo@northwind.example", "")
  }
}
