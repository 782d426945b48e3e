#!/usr/bin/env bash
# Installs Chromium from Debian's packages, for the tests marked `browser`. Needs root.
set -euo pipefail

if command -v chromium >/dev/null; then
    echo "Chromium is installed."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "install_chromium.sh: there is no apt-get here; install Chromium as 'chromium' on PATH." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "install_chromium.sh: installing packages needs root." >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -o DPkg::Lock::Timeout=300 -qq)
echo "Installing chromium ..."
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends chromium >/dev/null
command -v chromium >/dev/null || { echo "install_chromium.sh: the package holds no chromium." >&2; exit 1; }
echo "Chromium is installed."
