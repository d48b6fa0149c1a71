#!/usr/bin/env bash
# The demo behind `make demo`: a leaver's seat that the platform refuses to give
# back, finished by hand and synced. Against simulators on loopback; no account,
# no registry, nothing left behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
hub=meta_business/222000111000222

scratch=$(mktemp -d)
sim=
cleanup() {
  [ -z "$sim" ] || kill "$sim" 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT

cli=$(tools/cli.sh)

# dev_overrides and no init: init would ask a registry for a provider that is
# built here.
cat >"$scratch/demo.tfrc" <<TFRC
provider_installation {
  dev_overrides {
    "roster-iac/roster" = "$root/bin"
  }
}
disable_checkpoint = true
TFRC
export TF_CLI_CONFIG_FILE=$scratch/demo.tfrc
cp tools/demo/main.tf "$scratch/"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }

# Only what the demo is about: the CLI's reminder of dev_overrides is noise here.
apply() {
  printf '\033[1m$ %s apply -auto-approve\033[0m\n' "$(basename "$cli")"
  "$cli" -chdir="$scratch" apply -auto-approve -no-color -compact-warnings "$@"
}

act() { # act METHOD PATH JSON: what happens on the platform, outside Terraform
  curl --silent --show-error --fail --output /dev/null --request "$1" --data "$3" "$url/_sim/$2"
}

people() {
  printf 'people = {\n' >"$scratch/people.auto.tfvars"
  printf '  "%s" = "EMPLOYEE"\n' "$@" >>"$scratch/people.auto.tfvars"
  printf '}\n' >>"$scratch/people.auto.tfvars"
}

bin/hubsim -url-file "$scratch/url" >"$scratch/hubsim.log" &
sim=$!
for _ in $(seq 100); do
  [ -s "$scratch/url" ] && break
  kill -0 "$sim" || exit 1
  sleep 0.1
done
url=$(cat "$scratch/url")
export META_ENDPOINT=$url/meta_business META_ACCESS_TOKEN=demo-meta-token META_APP_SECRET=demo-meta-app-secret

say "Bo and Cleo have seats already and are adopted; Gia is new and is invited."
people bo@northwind.example cleo@northwind.example gia@northwind.example
apply

say "Bo leaves. But the token has lost its rights on the business, and Meta refuses."
people cleo@northwind.example gia@northwind.example
act PATCH "hubs/$hub/settings" '{"not_admin": true}'
if apply; then
  echo "demo: the removal was refused and yet the apply succeeded" >&2
  exit 1
fi

say "Somebody follows the steps in Meta's own screens, and gives the token its rights back."
act PATCH "hubs/$hub/settings" '{"not_admin": false}'
act POST "hubs/$hub/acts" '{"action": "remove", "email": "bo@northwind.example"}'

say "Sync: apply again. The refresh sees that Bo is gone, and nothing else is needed."
apply
say "Done: $(curl --silent --show-error --fail "$url/_sim/hubs/$hub/people" | grep -c 'bo@northwind') seats left for Bo."
