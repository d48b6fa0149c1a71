#!/usr/bin/env bash
# Prints the path of a Terraform CLI: the one TF_ACC_TERRAFORM_PATH names, else
# terraform on the PATH, else tofu on the PATH, else an OpenTofu built from
# source into bin/. Everything else it says goes to stderr. Terraform itself cannot be built by the go command (its
# go.mod replaces modules); OpenTofu can, from a module that repeats its one
# replace (tools/tofu/go.mod), so that a machine with only Go can run the
# acceptance tests.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A TF_CLI_CONFIG_FILE that names a missing file makes OpenTofu warn on stdout,
# where terraform-plugin-testing looks for a version number.
export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1

# Asked to run, not only found: version managers leave a shim on the PATH that
# fails until somebody has picked a version.
works() { "$1" version >/dev/null 2>&1 </dev/null; }

if [ -n "${TF_ACC_TERRAFORM_PATH:-}" ]; then
  works "$TF_ACC_TERRAFORM_PATH" || {
    echo "cli.sh: TF_ACC_TERRAFORM_PATH=$TF_ACC_TERRAFORM_PATH does not run" >&2
    exit 1
  }
  echo "$TF_ACC_TERRAFORM_PATH"
  exit
fi

for name in terraform tofu; do
  if cli=$(command -v "$name") && works "$cli"; then
    echo "$cli"
    exit
  fi
done

cli=$root/bin/tofu
if ! [ "$cli" -nt "$root/tools/tofu/go.mod" ] || ! works "$cli"; then
  echo "cli.sh: no terraform and no tofu on the PATH: building OpenTofu into bin/ (once; about 5 minutes on 2 cores)" >&2
  # version.dev=no: without it OpenTofu calls itself a -dev version, which
  # version checks in tests and configurations take for a pre-release.
  go -C "$root/tools/tofu" build -o "$cli" \
    -ldflags '-s -w -X github.com/opentofu/opentofu/version.dev=no' \
    github.com/opentofu/opentofu/cmd/tofu >&2
  works "$cli" || {
    echo "cli.sh: $cli was built and does not run" >&2
    exit 1
  }
fi
echo "$cli"
