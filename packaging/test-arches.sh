#!/usr/bin/env bash
# Compiles the whole engine for machines of other kinds, with Debian's libraries for them: what is compiled is not
# linked and not run. Needs clang and mmdebstrap; fetches the libraries when the list of them has
# changed (a few hundred megabytes).
#   packaging/test-arches.sh BUILD [ARCH…]      default: arm64 (64 bit) and i386 (32 bit)
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift
[ $# -gt 0 ] || set -- arm64 i386
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
headers=$(packaging/packages.sh run --list | grep -- '-dev$' | paste -sd,)

for arch in "$@"; do
    case $arch in
    arm64) triple=aarch64-linux-gnu ;;
    armhf) triple=arm-linux-gnueabihf ;;
    *) triple=$arch-linux-gnu ;;
    esac
    system=${SYSTEMS:-$build/systems}/$arch
    if [ "$(cat "$system.packages" 2>/dev/null)" != "$suite $headers" ]; then
        command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }
        echo "Fetching the libraries for $arch …"
        rm -rf "$system"
        mkdir -p "$(dirname "$system")"
        # Only what was released: a mirror's updates need not be whole for each kind of machine.
        mmdebstrap --quiet --variant=extract --architectures="$arch" --components=main \
            --include="$headers" "$suite" "$system" http://deb.debian.org/debian
        echo "$suite $headers" >"$system.packages"
    fi
    echo "Compiling for $arch …"
    PKG_CONFIG_SYSROOT_DIR=$system PKG_CONFIG_LIBDIR=$system/usr/lib/$triple/pkgconfig:$system/usr/share/pkgconfig \
        make --no-print-directory BUILD="$build/$arch" CC="clang --target=$triple --sysroot=$system" BUILD_CC=cc objects
done
echo "All of it compiles for $*."
