#!/usr/bin/env bash
# Installs hledger, an accounting program, from Debian's packages, for the tests marked `hledger`.
# Needs root.
set -euo pipefail

if command -v hledger >/dev/null; then
    echo "hledger is installed."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "install_hledger.sh: there is no apt-get here; install hledger 1.25 or newer on PATH." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "install_hledger.sh: installing packages needs root." >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -o DPkg::Lock::Timeout=300 -qq)
echo "Installing hledger ..."
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends hledger >/dev/null
command -v hledger >/dev/null || { echo "install_hledger.sh: the package holds no hledger." >&2; exit 1; }
echo "hledger is installed."
