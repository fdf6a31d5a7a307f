#!/usr/bin/env bash
# Fills a data folder with the demo academy, once. A fill that was broken off leaves nothing behind.
#   packaging/fill-demo.sh GRADUS DATA ORIGIN
set -euo pipefail
gradus=$1 data=${2%/} origin=$3

[ -e "$data/gradus.db" ] && exit 0
filling=$data.filling
rm -rf -- "$filling"
echo "Filling a demo academy into $data (once) …"
"$gradus" demo --data "$filling" --origin "$origin" >/dev/null
mkdir -p -- "$data"
# The database goes last: where it stands, everything else stands too.
find "$filling" -mindepth 1 -maxdepth 1 ! -name gradus.db -exec mv -t "$data" -- {} +
mv -- "$filling/gradus.db" "$data/gradus.db"
rmdir -- "$filling"
