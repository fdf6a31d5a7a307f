#!/usr/bin/env bash
# Builds both programs twice, in two folders whose names differ in length, and compares what is left when they are
# stripped.
set -euo pipefail
cd "$(dirname "$0")/.."
place=$(mktemp -d "${TMPDIR:-/tmp}/gradus-same-XXXXXX")
trap 'rm -rf "$place"' EXIT
for folder in "$place/one" "$place/another/and/deeper"; do
    mkdir -p "$folder"
    git ls-files -z Makefile engine packaging site/site.mk tests/bench/bench.mk | xargs -0 cp --parents -pt "$folder"
    make --no-print-directory -C "$folder" BUILD=build all
    for program in gradus gradus-labs; do
        strip -o "$folder/$program" "$folder/build/$program"
    done
done
for program in gradus gradus-labs; do
    sha256sum "$place/one/$program" "$place/another/and/deeper/$program"
    cmp "$place/one/$program" "$place/another/and/deeper/$program"
done
echo "Both programs are the same."
