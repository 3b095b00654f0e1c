#!/usr/bin/env bash
# Installs from Debian's packages what the tests of several machines and of other launchers need: network tools, an SSH server, MPICH's and
# Open MPI's launchers, Slurm; and Chromium for that of pages. Needs root; where it cannot, it says so and the tests skip visibly.
set -euo pipefail
packages=(iproute2 iptables openssh-server mpich openmpi-bin slurm-wlm munge chromium)
missing=()
for package in "${packages[@]}"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
if [ ${#missing[@]} -eq 0 ]; then echo 'all there'; exit 0; fi
if [ "$(id -u)" -ne 0 ]; then echo "skipped: no root to install ${missing[*]}" >&2; exit 0; fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
