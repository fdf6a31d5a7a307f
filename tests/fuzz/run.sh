#!/usr/bin/env bash
# Fuzzes each target for a while; what it finds new goes into a scratch corpus, crashes beside it.
#   tests/fuzz/run.sh FOLDER-OF-PROGRAMS SECONDS [TARGET…]
set -euo pipefail
programs=$1 seconds=$2
shift 2
status=0
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/\.c$//')
for target in "$@"; do
    scratch=$programs/found/$target
    mkdir -p "$scratch" "tests/fuzz/corpus/$target"
    echo "== $target, ${seconds} s"
    "$programs/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$scratch/" "$scratch" "tests/fuzz/corpus/$target" 2>"$scratch.log" || {
        status=1
        tail -n 40 "$scratch.log"
        echo "== $target FAILED; the input lies in $scratch: add it to tests/fuzz/corpus/$target with the fix"
    }
    grep -E 'stat::number_of_executed_units|stat::new_units_added|^#[0-9]+.*DONE' "$scratch.log" || true
done
exit $status
