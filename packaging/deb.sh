#!/usr/bin/env bash
# Builds the Debian package, with the dependencies that the program's libraries have on this machine. The same source
# gives the same package.
#   packaging/deb.sh BUILD
set -euo pipefail
build=$1
command -v dpkg-shlibdeps >/dev/null || { echo "dpkg-shlibdeps is missing: apt-get install dpkg-dev" >&2; exit 1; }

# Each commit is an upgrade of the one before it.
version=${GRADUS_VERSION:-0.$(git rev-list --count HEAD 2>/dev/null || echo 0)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
arch=$(dpkg --print-architecture)
tree=$build/deb
rm -rf "$tree"
mkdir -p "$tree/root/DEBIAN" "$tree/debian"

packaging/install.sh "$build" /usr "$tree/root"
mapfile -t programs < <(cd "$tree" && find root/usr -type f -path '*/bin/*' -o -type f -path '*/libexec/*')
(cd "$tree" && strip --strip-unneeded "${programs[@]}")

printf 'Source: gradus\n\nPackage: gradus\nArchitecture: any\n' >"$tree/debian/control"
depends=$(cd "$tree" && dpkg-shlibdeps -O "${programs[@]}" | sed -n 's/^shlibs:Depends=//p')
fonts=$(packaging/packages.sh run --list | grep '^fonts-' | paste -sd, | sed 's/,/, /g')
cat >"$tree/root/DEBIAN/control" <<CONTROL
Package: gradus
Version: $version
Architecture: $arch
Maintainer: Gradus <gradus@localhost>
Section: education
Priority: optional
Installed-Size: $(du -sk "$tree/root/usr" | cut -f1)
Depends: $depends, $fonts
Description: courseware and certification engine
 One program and one SQLite file hold a whole academy: courses, exams, labs on
 simulated systems, and certificates that anyone can verify. The service starts
 once /etc/default/gradus says where the academy is to be found.
CONTROL
echo /etc/default/gradus >"$tree/root/DEBIAN/conffiles"
install -m 755 -t "$tree/root/DEBIAN" packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm
(cd "$tree/root" && find usr etc -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/root/DEBIAN/md5sums"
find "$tree/root" -print0 | xargs -0 touch -h -d "@$SOURCE_DATE_EPOCH"
find "$tree/root" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group -Zxz --build "$tree/root" "$build/gradus_${version}_$arch.deb" >/dev/null
rm -rf "$tree"
echo "$build/gradus_${version}_$arch.deb"
