#!/usr/bin/env bash
# Tries the Debian package in a machine of its own (debootstrap, systemd-nspawn): it is installed, starts under systemd
# once it knows its address, is confined, is upgraded by a package with one more migration, and purged without what the
# academy owns. Needs root, and packages that it names when they are missing.
#   packaging/test-deb.sh BUILD      KEEP=1 keeps the machine in BUILD/machine for the next time
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "$1")
machine=${MACHINE:-$build/machine}
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")

[ "$(id -u)" -eq 0 ] || { echo "Only root can make the machine: run this as root." >&2; exit 1; }
for need in debootstrap systemd-nspawn dpkg-deb; do
    command -v "$need" >/dev/null || { echo "$need is missing: apt-get install debootstrap systemd-container dpkg" >&2; exit 1; }
done

deb=$(packaging/deb.sh "$build")
version=$(dpkg-deb -f "$deb" Version)
if [ ! -e "$machine/made" ]; then
    echo "Making a Debian $suite in $machine (once; some minutes) …"
    rm -rf "$machine"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,curl,procps "$suite" "$machine" >"$build/machine.log" 2>&1 ||
        { tail -n 5 "$build/machine.log" >&2; exit 1; }
    touch "$machine/made"
fi

next=$build/next
back() {
    [ -n "${KEEP:-}" ] || rm -rf "$machine"
    rm -rf "$next"
    make -s --no-print-directory BUILD="$1" all
}
trap 'back "$1"' EXIT
echo "Building the next version, with one more migration …"
rm -rf "$next"
mkdir -p "$next"
cp engine/store/migrations/*.sql "$next"
last=$(ls "$next" | tail -n 1 | cut -c1-4)
printf 'CREATE TABLE trial (id INTEGER NOT NULL PRIMARY KEY) STRICT;\n' >"$next/$(printf %04d $((10#$last + 1)))_trial.sql"
make -s --no-print-directory BUILD="$1" MIGRATION_FOLDER="$next" all
upgrade=$(GRADUS_VERSION=$version+1 packaging/deb.sh "$build")

rm -rf "$machine/trial"
mkdir -p "$machine/trial"
cp "$deb" "$machine/trial/first.deb"
cp "$upgrade" "$machine/trial/next.deb"
rm -f "$upgrade"
install -m 755 packaging/deb/trial.sh "$machine/trial/trial.sh"
cat >"$machine/etc/systemd/system/trial.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/trial/trial.sh
ExecStopPost=systemctl poweroff --force
StandardOutput=file:/trial/log
StandardError=inherit
TimeoutStartSec=900
[Install]
WantedBy=default.target
UNIT
mkdir -p "$machine/etc/systemd/system/default.target.wants"
ln -sf ../trial.service "$machine/etc/systemd/system/default.target.wants/trial.service"
# What it depends on comes from the mirror before the machine starts, which has no network.
rm -f "$machine/etc/apt/apt.conf.d/"*trial
cp /etc/resolv.conf "$machine/etc/resolv.conf" 2>/dev/null || true
depends=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')
chroot "$machine" dpkg --purge gradus >/dev/null 2>&1 || true
rm -rf "$machine/var/lib/private/gradus" "$machine/var/lib/gradus"
chroot "$machine" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $depends >"$build/machine.log" 2>&1 ||
    { tail -n 5 "$build/machine.log" >&2; exit 1; }
timeout 1200 systemd-nspawn -q -D "$machine" -b --private-network --register=no --keep-unit --console=pipe </dev/null >"$build/machine-boot.log" 2>&1 || true
cat "$machine/trial/log" 2>/dev/null || { tail -n 20 "$build/machine-boot.log" >&2; echo "The machine did not start." >&2; exit 1; }
grep -q '^The package: all passed' "$machine/trial/log"
