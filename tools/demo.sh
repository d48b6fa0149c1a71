#!/usr/bin/env bash
# The demo behind `make demo`. First one hub, from the first connection to a
# leaver's seat that the platform refuses to give back; then one main.tf for the
# same team on five platforms, which is examples/five-platforms as it stands. Real
# Terraform commands against simulators on loopback; no account, no registry,
# nothing left behind. Each step checks its own outcome, on the screen and on the
# platform, and the demo fails where one is not what it should be.
#
# DEMO_PAUSE=1 waits for Enter before each step, DEMO_VERBOSE=1 shows plans whole.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
began=$SECONDS

hub=meta_business/222000111000222
hubs="meta_business/222000111000222
google_ads/1234567890
pinterest_business/2783136121146310001
snapchat_business/5cf59a25-0000-40e1-826b-5ceaf369b207
tiktok_business/6900000000000000001"
bo=bo@northwind.example
gia=gia@northwind.example

scratch=$(mktemp -d)
sim=
cleanup() {
  local status=$?
  [ -z "$sim" ] || kill "$sim" 2>/dev/null || true
  rm -rf "$scratch"
  [ "$status" -eq 0 ] || echo "demo: FAILED" >&2
}
trap cleanup EXIT
trap 'exit 130' INT TERM

die() {
  echo >&2
  echo "demo: $*" >&2
  exit 1
}

command -v curl >/dev/null || die "curl is not installed; the demo acts on the simulated platform with it"
[ -x bin/terraform-provider-roster ] && [ -x bin/hubsim ] || die "bin/ has no build: run make demo"
cli=$(tools/cli.sh)

# Nothing of the person's own: a workspace, a plug-in cache, real credentials.
unset "${!TF_@}" "${!META_@}" "${!GOOGLE_ADS_@}" "${!PINTEREST_@}" "${!SNAPCHAT_@}" "${!TIKTOK_@}"
export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
case $("$cli" version) in OpenTofu*) name=tofu ;; *) name=terraform ;; esac

# --- What is printed ---------------------------------------------------------

bold=
plain=
if [ -t 1 ]; then
  bold=$'\033[1m' plain=$'\033[0m'
fi

number=0
step() { # step TITLE LINE...: a heading, and what it is about
  number=$((number + 1))
  if [ -n "${DEMO_PAUSE:-}" ] && [ "$number" -gt 1 ]; then
    read -r -p "[Enter]" </dev/tty
  fi
  printf '\n%s== %d. %s ==%s\n' "$bold" "$number" "$1" "$plain"
  shift
  [ $# -eq 0 ] || printf '%s\n' "$@"
}

show() { # show FILE: a file of the configuration
  printf '\n%s$ cat %s%s\n' "$bold" "$1" "$plain"
  cat "$scratch/$work/$1"
}

# What is shown of a command is cut by the act's own filter: brief, then digest.
cut=brief

# What a plan says of the data source and of the output is the same each time,
# and what it says of a new hub is long. The hub leaves a mark where it was cut.
brief() {
  if [ -n "${DEMO_VERBOSE:-}" ]; then
    cat
    return
  fi
  awk '
    /^(Terraform|OpenTofu) used the selected providers/,/^(Terraform|OpenTofu) will perform/ { next }
    /^You can apply this plan to save/,/^state, without/ { next }
    /^  # roster_business_hub/ { print; print "    [... the attributes of the hub are cut here]"; blank = 0 }
    /^  # (data\.roster_hub_sync|roster_business_hub)/ || /^Changes to Outputs:/ { dropping = 1 }
    dropping && (/^$/ || /: (Creating|Modifying|Destroying|Reading)\.\.\./) { dropping = 0 }
    dropping || /^data\.roster_hub_sync/ || (/^$/ && blank) { next }
    { print; blank = /^$/ }
  '
}

# Five platforms are five times as much: of a plan what happens to whom, of a
# warning the headline, of an error all of it, and the team as the output has it.
digest() {
  if [ -n "${DEMO_VERBOSE:-}" ]; then
    cat
    return
  fi
  awk '
    /^Error: / { error = 1; print "" }
    error { print; next }
    /^  # data\./ { next }
    /^  # [a-z].* (will|must) be / { print; next }
    /^Warning: / { if (!warned) print ""; warned = 1; print; next }
    /^Plan: / || /^No changes/ || /^Apply complete!/ { print ""; print; next }
    /^team = \{/ { team = 1; print "" }
    team { print }
    /^}/ { team = 0 }
  '
}

# tf ARGUMENT...: a command, what it prints, and its exit status. What it
# printed whole is left in $scratch/out.
tf() {
  local status=0 word line=
  for word in "$@"; do
    case $word in *[\"\ ]*) word="'$word'" ;; esac
    line="$line $word"
  done
  printf '\n%s$ %s%s%s\n' "$bold" "$name" "$line" "$plain"
  "$cli" -chdir="$scratch/$work" "$@" -no-color >"$scratch/out" 2>&1 || status=$?
  "$cut" <"$scratch/out"
  return "$status"
}

# --- What happens on the platform --------------------------------------------

sim() { # sim METHOD PATH [JSON]: the simulator's control API
  curl --noproxy '*' --silent --show-error --fail --request "$1" ${3:+--data "$3"} "$url/_sim/$2"
}

elsewhere() { # elsewhere JSON: somebody does something in the platform's own screens
  printf '\n%s$ curl -X POST $SIM/hubs/%s/acts -d '\''%s'\''%s\n' "$bold" "$hub" "$1" "$plain"
  sim POST "hubs/$hub/acts" "$1"
}

# --- What has to be true -----------------------------------------------------

printed() { # printed TEXT: in what the last command printed, line ends aside
  grep -qF -- "$1" < <(tr -s ' \n' '  ' <"$scratch/out") || die "step $number: the output above does not say: $1"
}

on_platform() { # on_platform EMAIL: has the person a seat, whatever roster says
  local everybody
  everybody=$(sim GET "hubs/$hub/people") || die "the simulator does not answer"
  case $everybody in *"\"$1\""*) ;; *) return 1 ;; esac
}

who="Meta was"
wrote() { # wrote JSON: the platform was asked for these changes since the last look, and no others
  local counts
  counts=$(sim GET "requests/counts?writes=true")
  sim DELETE requests >/dev/null
  [ "$counts" = "$1" ] || die "step $number: $who asked for these changes: $counts, and not for $1"
  counts=$(tr -d '{}"' <<<"$counts")
  printf '\n%s[%s asked to change: %s]%s\n' "$bold" "$who" "${counts:-nothing}" "$plain"
}

people() { # people LINE...: the file that says who should be there
  {
    echo 'locals {'
    echo '  people = {'
    [ $# -eq 0 ] || printf '    %s\n' "$@"
    echo '  }'
    echo '}'
  } >"$scratch/$work/people.tf"
}

# --- The stage ---------------------------------------------------------------

# A mirror under both CLIs' names for a provider without a host in its source;
# what a person types is then what runs, init and all.
platform=$(go env GOOS)_$(go env GOARCH)
for registry in registry.terraform.io registry.opentofu.org; do
  mkdir -p "$scratch/mirror/$registry/roster-iac/roster/0.1.0/$platform"
  ln -s "$PWD/bin/terraform-provider-roster" "$scratch/mirror/$registry/roster-iac/roster/0.1.0/$platform/terraform-provider-roster_v0.1.0"
done

folder() { # folder NAME FILE...: a working folder with these files in it, from here on
  work=$1
  shift
  mkdir "$scratch/$work"
  cp "$@" "$scratch/$work/"
}

init() {
  "$cli" -chdir="$scratch/$work" init -plugin-dir="$scratch/mirror" -no-color >"$scratch/out" 2>&1 || {
    cat "$scratch/out"
    die "$name init failed"
  }
}

folder hub tools/demo/main.tf
people
init

bin/hubsim -url-file "$scratch/url" >"$scratch/hubsim.log" 2>&1 &
sim=$!
for _ in $(seq 100); do
  [ -s "$scratch/url" ] && break
  kill -0 "$sim" 2>/dev/null || die "the simulator did not start: $(cat "$scratch/hubsim.log")"
  sleep 0.1
done
url=$(cat "$scratch/url") || die "the simulator did not start within 10 s"
export META_ENDPOINT=$url/meta_business META_ACCESS_TOKEN=demo-meta-user-token META_APP_SECRET=demo-meta-app-secret

# --- The first act: one hub ---------------------------------------------------------------

cat <<INTRO
Northwind buys ads on Meta from one business. It has seats of its own, which no
identity provider governs. In this demo Meta is a simulator on this machine; \$SIM
is its control API, $url/_sim. The provider acts with the token
of Ada, an admin of the business. The screens are cut to what changes, and
DEMO_VERBOSE=1 shows them whole; lines in [brackets] are the demo's own. The story
of this one hub is steps 1 to 8; from step 9 on it is five platforms.
INTRO

step "Connect the hub" \
  "roster checks the credentials, the business and the permission, and changes nobody." \
  "Then it reads who is there. The configuration declares nobody yet."
show main.tf
tf apply -auto-approve
printed "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."
printed '"dan.left@northwind.example" = "ADMIN, active, nobody declared them"'
wrote '{}'

step "Take in somebody who is there" "Bo has a seat already. An import only reads."
people "\"$bo\" = \"EMPLOYEE\""
show people.tf
tf import "roster_hub_member.people[\"$bo\"]" "$hub/$bo"
printed "Import successful!"
wrote '{}'

step "Add somebody" "Gia is new. Meta has no direct add: she is invited, and waiting for her is no error."
people "\"$bo\"  = \"EMPLOYEE\"" "\"$gia\" = \"EMPLOYEE\""
show people.tf
tf apply -auto-approve
printed "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."
printed "\"$gia\" = \"EMPLOYEE, invited\""
wrote '{"invite":1}'

step "Change a role" "Bo is to manage people: one word changes."
people "\"$bo\"  = \"ADMIN\"" "\"$gia\" = \"EMPLOYEE\""
show people.tf
tf apply -auto-approve
printed "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
printed "\"$bo\" = \"ADMIN, active\""
wrote '{"change_role":1}'

step "See drift" \
  "Outside Terraform, Gia accepts and somebody takes Bo's role back. Gia's seat has another" \
  "id at Meta now, and nothing to do follows from that. Bo's role is drift."
elsewhere "{\"action\": \"accept\", \"email\": \"$gia\"}"
elsewhere "{\"action\": \"set_role\", \"email\": \"$bo\", \"role\": \"EMPLOYEE\"}"
tf plan
printed 'role = "EMPLOYEE" -> "ADMIN"'
printed "Plan: 0 to add, 1 to change, 0 to destroy."
wrote '{}'

step "A removal that fails" \
  "Bo leaves the company, so Bo's line goes. But from today Meta wants a second factor from" \
  "Ada for every change, and a token has none to give."
sim PATCH "hubs/$hub/settings" '{"second_factor": true}' >/dev/null
people "\"$gia\" = \"EMPLOYEE\""
show people.tf
if tf apply -auto-approve; then
  die "step $number: the platform refused the removal, and the apply succeeded"
fi
printed "$bo was not removed from Northwind Paid Social"
printed "$bo still has access"
printed "Reason: second_factor."
printed "Finish it by hand:"
printed "Choose Remove from Business Account"
printed "Then sync: run terraform apply."
on_platform "$bo" || die "step $number: Bo's seat is gone, although the platform refused to remove it"
wrote '{"remove":1}'

step "Finish it by hand" "Ada follows the steps above in Meta's screens. In the simulator that is:"
elsewhere "{\"action\": \"remove\", \"email\": \"$bo\"}"
if on_platform "$bo"; then die "step $number: Bo still has a seat"; fi

step "Sync" "The same apply again. The refresh sees that Bo is gone: no request changes anything."
tf apply -auto-approve
printed "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
printed "\"$gia\" = \"EMPLOYEE, active\""
case $("$cli" -chdir="$scratch/$work" show -no-color) in
  *"$bo"*) die "step $number: Bo is still in the state" ;;
  *"$gia"*) ;;
  *) die "step $number: the state has lost Gia" ;;
esac
wrote '{}'

# --- The second act: one team on five platforms ------------------------------

sim POST reset >/dev/null
folder team examples/five-platforms/main.tf examples/five-platforms/team.csv
init
cut=digest
who="The five platforms were"
export META_ACCESS_TOKEN=demo-meta-token
export GOOGLE_ADS_ENDPOINT=$url/google_ads GOOGLE_ADS_TOKEN_URL=$url/google_ads/token
export GOOGLE_ADS_CLIENT_ID=1000001.apps.northwind.example GOOGLE_ADS_CLIENT_SECRET=demo-google-client-secret
export GOOGLE_ADS_REFRESH_TOKEN=demo-google-refresh-token
export PINTEREST_BASE_URL=$url/pinterest_business PINTEREST_ACCESS_TOKEN=demo-pinterest-token
export SNAPCHAT_BASE_URL=$url/snapchat_business SNAPCHAT_AUTH_URL=$url/snapchat_business/login/oauth2/access_token
export SNAPCHAT_CLIENT_ID=11111111-2222-3333-4444-555555555555 SNAPCHAT_CLIENT_SECRET=demo-snapchat-client-secret
export SNAPCHAT_REFRESH_TOKEN=demo-snapchat-refresh-token
export TIKTOK_BASE_URL=$url/tiktok_business TIKTOK_ACCESS_TOKEN=demo-tiktok-token

cat <<INTERVAL

Northwind buys ads on four more platforms. The simulators start over, and the same
team is on all five from here on: in one main.tf, from one list. Plans are cut to
what happens to whom.
INTERVAL

step "One main.tf, five platforms" \
  "Ada and Bo have their seats, on each platform under the role that it has for them; the" \
  "plan says that they are taken over. Gia has none."
show main.tf
show team.csv
tf plan -out=team.plan
printed "Plan: 20 to add, 0 to change, 0 to destroy."
printed "$bo is on Northwind Agency (Google Ads) already"
wrote '{}'

step "Apply" "Five hubs connected, ten seats taken over, and five invitations: to Snapchat it takes two calls."
tf apply team.plan
printed "Apply complete! Resources: 20 added, 0 changed, 0 destroyed."
printed '"snapchat_business" = "member, invited"'
wrote '{"grant_role":1,"invite":5}'

step "She accepts" "Gia accepts five invitations. Most platforms give her seat another id then. Nothing is to do."
for hub in $hubs; do
  elsewhere "{\"action\": \"accept\", \"email\": \"$gia\"}" >"$scratch/curl"
  sed -n 2p "$scratch/curl"
done
tf apply -auto-approve
printed "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
printed '"tiktok_business" = "STANDARD, active"'
case $(sed '1,/^Apply complete!/d' "$scratch/out") in *", invited"*) die "step $number: an invitation is still shown as open" ;; esac
wrote '{}'

step "A leaver, and a platform that refuses" \
  "Bo leaves: one line of team.csv goes, and with it five seats. Today Google does not let" \
  "go of this one."
sim PATCH "hubs/google_ads/1234567890/settings" "{\"removal_disallowed\": [\"$bo\"]}" >/dev/null
sed -i.old "/^$bo,/d" "$scratch/$work/team.csv"
show team.csv
if tf apply -auto-approve; then
  die "step $number: Google refused the removal, and the apply succeeded"
fi
printed "$bo was not removed from Northwind Agency (Google Ads)"
printed "$bo still has access"
printed "Finish it by hand:"
printed "Choose Remove access"
for hub in $hubs; do
  case $hub in
    google_ads/*) on_platform "$bo" || die "step $number: Bo's seat on $hub is gone, although Google refused to remove it" ;;
    *) if on_platform "$bo"; then die "step $number: Bo still has a seat on $hub"; fi ;;
  esac
done
wrote '{"remove":5}'

step "Finish it by hand, and sync" "An admin follows the steps above in Google's own screens. The next apply sees it."
hub=google_ads/1234567890
elsewhere "{\"action\": \"remove\", \"email\": \"$bo\"}"
tf apply -auto-approve
printed "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
case $("$cli" -chdir="$scratch/$work" show -no-color) in
  *'"team["'*"$bo"*) die "step $number: Bo is still in the state" ;;
  *"$gia"*) ;;
  *) die "step $number: the state has lost Gia" ;;
esac
for hub in $hubs; do
  if on_platform "$bo"; then die "step $number: Bo still has a seat on $hub"; fi
  on_platform "$gia" || die "step $number: Gia has lost the seat on $hub"
done
wrote '{}'

cat <<OUTRO

${bold}Done in $((SECONDS - began)) s. Each step was checked, on the screen and on the platform.${plain}
Dan left long ago and still is an ADMIN on Meta: examples/access-review finds seats
like that. README.md says how to use roster on a real business.
OUTRO
