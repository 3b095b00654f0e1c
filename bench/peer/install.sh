#!/bin/sh
# Installs whom `rxmpi bench --peer` measures beside rxmpi: mpi4py, NumPy and Open MPI from Debian's packages, and zeromq.js by npm into this folder.
set -eu

packages='python3-mpi4py python3-numpy openmpi-bin'
zeromq='zeromq@6.8.0'

mpi4py() {
  if /usr/bin/python3 -c 'import mpi4py, numpy' 2>/dev/null && command -v mpirun >/dev/null; then
    echo 'mpi4py, NumPy and mpirun are installed already: nothing to do.'
    return
  fi
  if ! command -v apt-get >/dev/null; then
    echo "SKIPPED: there is no apt-get on this machine; install mpi4py, NumPy and Open MPI as it does ($packages on Debian and Ubuntu)."
    return
  fi
  sudo=
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo 'SKIPPED: apt-get needs root, and there is no sudo; run this script as root.'
      return
    fi
    sudo=sudo
  fi
  echo "Installing $packages with apt-get …"
  $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages ||
    echo "SKIPPED: apt-get could not install $packages (no network, or no such packages); rxmpi bench runs without them."
}

zeromq() {
  here=$(cd "$(dirname "$0")" && pwd)
  if [ -d "$here/node_modules/zeromq" ]; then
    echo 'zeromq.js is installed already: nothing to do.'
    return
  fi
  echo "Installing $zeromq with npm …"
  npm install --prefix "$here" --no-save --no-package-lock --no-audit --no-fund "$zeromq" ||
    echo "SKIPPED: npm could not install $zeromq (no network, or no binary for this machine); rxmpi bench runs without it."
}

mpi4py
zeromq
echo 'Now: npx rxmpi bench --peer'
