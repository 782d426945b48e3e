#!/usr/bin/env bash
# Installs PostgreSQL with PostGIS from Debian's (or Ubuntu's) packages, for the tests marked
# `postgis`. Needs root. Starts nothing: infra/postgis_cluster.sh runs a private server when asked.
set -euo pipefail

has_postgis() { compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null; }

if has_postgis; then
    echo "PostGIS is installed."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "install_postgis.sh: there is no apt-get here; install PostgreSQL 15 or newer with PostGIS 3." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "install_postgis.sh: installing packages needs root." >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -o DPkg::Lock::Timeout=300 -qq)

newest=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | cut -d/ -f5 | sort -n | tail -1 || true)
if [ -n "$newest" ]; then
    packages=("postgresql-$newest" "postgresql-$newest-postgis-3")
else
    packages=(postgresql-postgis)
    # Debian would make a cluster and start it; ours is made when it is needed.
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/khan.conf
fi

echo "Installing ${packages[*]} ..."
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${packages[@]}" >/dev/null
has_postgis || { echo "install_postgis.sh: the packages hold no PostGIS." >&2; exit 1; }
echo "PostGIS is installed."
