#!/usr/bin/env bash
# Installs SoftHSM, a PKCS#11 token in software, from Debian's packages, for the tests marked
# `token`. Needs root.
set -euo pipefail

if command -v softhsm2-util >/dev/null; then
    echo "SoftHSM is installed."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "install_softhsm.sh: there is no apt-get here; install SoftHSM 2 with softhsm2-util on PATH." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "install_softhsm.sh: installing packages needs root." >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -o DPkg::Lock::Timeout=300 -qq)
echo "Installing softhsm2 ..."
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends softhsm2 >/dev/null
command -v softhsm2-util >/dev/null || { echo "install_softhsm.sh: the package holds no softhsm2-util." >&2; exit 1; }
echo "SoftHSM is installed."
