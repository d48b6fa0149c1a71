#!/usr/bin/env bash
# Prints the path of a Chromium or Chrome for the browser tests: the one CHROMIUM
# names, else one on the PATH, else Debian's, installed with apt-get by root or
# where sudo asks for no password. Everything else it says goes to stderr.
#
# With --found nothing is installed, and to find none is no error: make test
# outside CI, where the browser tests then say that they are skipped.
set -euo pipefail

# Asked to run, not only found: Ubuntu has a chromium-browser that only says to
# install a snap.
works() { "$1" --version >/dev/null 2>&1 </dev/null; }

if [ -n "${CHROMIUM:-}" ]; then
  works "$CHROMIUM" || {
    echo "browser.sh: CHROMIUM=$CHROMIUM does not run" >&2
    exit 1
  }
  command -v "$CHROMIUM"
  exit
fi

found() {
  local name path
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
    if path=$(command -v "$name") && works "$path"; then
      echo "$path"
      return
    fi
  done
  return 1
}

found && exit
if [ "${1:-}" = --found ]; then
  echo "browser.sh: no Chromium and no Chrome on the PATH" >&2
  exit
fi

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "browser.sh: no Chromium and no Chrome on the PATH, and none that can be installed here with apt-get: install one, or name it in CHROMIUM" >&2
  exit 1
fi
echo "browser.sh: no Chromium and no Chrome on the PATH: installing Debian's chromium" >&2
"${as_root[@]}" apt-get update >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium chromium-sandbox >&2
found || {
  echo "browser.sh: chromium was installed and does not run" >&2
  exit 1
}
