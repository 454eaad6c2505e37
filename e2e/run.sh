#!/usr/bin/env bash
# Runs the suite on each engine named (default: both), then compares with the committed baseline.
# Further arguments for pytest come after `--`, e.g.  e2e/run.sh sqlite -- -k kurigram
set -uo pipefail
cd "$(dirname "$0")"

engines=()
while [ $# -gt 0 ] && [ "$1" != "--" ]; do
    engines+=("$1")
    shift
done
[ "${1:-}" = "--" ] && shift
[ ${#engines[@]} -eq 0 ] && engines=(sqlite postgres)

rm -rf .work/results
crashed=0
for engine in "${engines[@]}"; do
    echo "e2e: $engine"
    .work/venv-main/bin/pytest --engine "$engine" -q -n "${E2E_WORKERS:-3}" --dist loadgroup \
        --reruns 3 --tb=line "$@"
    code=$?
    # Foreign clients have time limits of their own: on a busy machine one may give up, so a test has four
    # tries. 1 means that tests failed: the comparison below tells whether that is news.
    if [ "$code" -gt 1 ]; then crashed=$code; fi
done
[ "$crashed" -eq 0 ] || exit "$crashed"
exec .work/venv-main/bin/python report.py
