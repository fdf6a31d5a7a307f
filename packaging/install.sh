#!/usr/bin/env bash
# Puts the program, what it reads, and its service where they belong.
#   packaging/install.sh BUILD PREFIX DESTDIR
set -euo pipefail
build=$1 prefix=$2 destdir=$3
share=$destdir$prefix/share/gradus

install -D -m 755 "$build/gradus" "$destdir$prefix/bin/gradus"
for folder in content exams labs site/templates site/static site/locale; do
    find "$folder" -type f -exec install -D -m 644 {} "$share/{}" \;
done
service=$destdir$prefix/lib/systemd/system/gradus.service
install -d "$(dirname "$service")"
sed "s|@PREFIX@|$prefix|g" packaging/gradus.service >"$service"
chmod 644 "$service"
