#!/usr/bin/env bash
# Puts the program, what it reads, and its service where they belong. Whatever an academy owns (its content, its data,
# /etc/default/gradus) stays as it is; an upgrade is the same command again.
#   packaging/install.sh BUILD PREFIX DESTDIR
set -euo pipefail
build=$1 prefix=$2 destdir=$3
share=$destdir$prefix/share/gradus

# FROM's folders below TO, without what an older program left there.
replace() {
    local from=$1 to=$2 folder
    shift 2
    for folder in "$@"; do
        rm -rf -- "${to:?}/$folder"
        (cd "$from" && find "$folder" -type f -printf '%P\0') | while IFS= read -r -d '' file; do
            install -D -m 644 "$from/$folder/$file" "$to/$folder/$file"
        done
    done
}

install -D -m 755 "$build/gradus" "$destdir$prefix/bin/gradus"
# The program of the labs' workers, which only the program itself starts.
install -D -m 755 "$build/gradus-labs" "$destdir$prefix/libexec/gradus/gradus-labs"
replace . "$share" site/templates site/static site/locale labs/schema labs/new
# Courses that can be looked at, copied or served; nobody gets them who does not ask for them.
replace . "$share/courses" content exams labs/connectors labs/kinds labs/worlds labs/scenarios

service=$destdir$prefix/lib/systemd/system/gradus.service
install -d "$(dirname "$service")"
sed "s|@PREFIX@|$prefix|g" packaging/gradus.service >"$service"
chmod 644 "$service"
install -D -m 644 -t "$destdir$prefix/share/doc/gradus" README.md docs/*.md
# What the service asks for; an operator's answers are kept.
[ -e "$destdir/etc/default/gradus" ] || install -D -m 644 packaging/gradus.default "$destdir/etc/default/gradus"
