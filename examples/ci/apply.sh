#!/usr/bin/env bash
# Applies the plan that somebody approved, and no other.
set -euo pipefail

terraform init -input=false -no-color
terraform apply -input=false -no-color -lock-timeout=5m roster.tfplan
