#!/bin/sh
# Installs mpi4py, NumPy and Open MPI from Debian's packages, for `rxmpi bench --peer`.
set -eu

packages='python3-mpi4py python3-numpy openmpi-bin'

if /usr/bin/python3 -c 'import mpi4py, numpy' 2>/dev/null && command -v mpirun >/dev/null; then
  echo 'mpi4py, NumPy and mpirun are installed already: nothing to do.'
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "SKIPPED: there is no apt-get on this machine; install mpi4py, NumPy and Open MPI as it does ($packages on Debian and Ubuntu)."
  exit 0
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo 'SKIPPED: apt-get needs root, and there is no sudo; run this script as root.'
    exit 0
  fi
  sudo=sudo
fi

echo "Installing $packages with apt-get …"
if $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages; then
  echo 'Installed. Now: npx rxmpi bench --peer'
else
  echo "SKIPPED: apt-get could not install $packages (no network, or no such packages); rxmpi bench runs without them."
fi
