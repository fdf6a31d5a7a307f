#!/usr/bin/env bash
# Builds the program twice, in two folders whose names differ in length, and compares what is left when it is stripped.
set -euo pipefail
cd "$(dirname "$0")/.."
place=$(mktemp -d "${TMPDIR:-/tmp}/gradus-same-XXXXXX")
trap 'rm -rf "$place"' EXIT
for folder in "$place/one" "$place/another/and/deeper"; do
    mkdir -p "$folder"
    git ls-files -z Makefile engine packaging site/site.mk tests/bench/bench.mk | xargs -0 cp --parents -pt "$folder"
    make --no-print-directory -C "$folder" BUILD=build all
    strip -o "$folder/gradus" "$folder/build/gradus"
done
sha256sum "$place/one/gradus" "$place/another/and/deeper/gradus"
cmp "$place/one/gradus" "$place/another/and/deeper/gradus"
echo "Both are the same."
