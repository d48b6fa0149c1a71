#!/usr/bin/env bash
# Plans, and exits with 0 when there is nothing to do, with 2 when there is, and
# with 1 when the plan failed. For each change under review, and on a schedule.
set -uo pipefail

terraform init -input=false -no-color || exit 1

terraform plan -input=false -no-color -lock-timeout=5m -detailed-exitcode -out=roster.tfplan
status=$?

if [ "$status" -eq 2 ]; then
  terraform show -no-color roster.tfplan >plan.txt # for whoever approves
fi
exit "$status"
