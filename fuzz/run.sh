#!/usr/bin/env bash
# Builds the fuzz program with coverage counters, by the stable compiler, and runs its targets:
#     fuzz/run.sh [SECONDS [TARGET...]]
# With FUZZ_RUNS each gets so many inputs instead of seconds, the same ones every time: what CI wants.
# FUZZ_JOBS of them at the same time (one). New inputs are kept beside the build (they make the next run
# better), findings in fuzz/findings; git sees neither. What a target asserts stands in docs/fuzzing.md.
set -euo pipefail
cd "$(dirname "$0")"
export seconds="${1:-5}"
shift || true
host="$(rustc -vV | sed -n 's/^host: //p')"
export target="${CARGO_TARGET_DIR:-$PWD/../target}/fuzz"

# The flags that cargo-fuzz would set, without the sanitizers that only the nightly compiler has.
flags=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0
)
# The flags hold for the target only, not for build scripts: that is what naming the host as target is for.
RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR="$target" ${CARGO:-cargo} build --quiet --locked --target "$host"
export program="$target/$host/debug/fuzz"
[ "$seconds" != build ] || exit 0

run() {
    local name="$1" found="$target/corpus/$1" log="$target/$1.log"
    local bound=(-max_total_time="$seconds")
    if [ -n "${FUZZ_RUNS:-}" ]; then
        found="$(mktemp -d)"
        bound=(-runs="$FUZZ_RUNS" -seed=1)
    fi
    mkdir -p "$found" findings
    # A stuck input counts after 20 seconds, a large process after a GiB. The program itself bounds what an
    # input may allocate.
    if FUZZ_TARGET="$name" "$program" "$found" "corpus/$name" "${bound[@]}" -timeout=20 \
        -rss_limit_mb=1024 -max_len="${FUZZ_MAX_LEN:-8192}" -artifact_prefix="findings/$name-" \
        -print_final_stats=1 >"$log" 2>&1; then
        printf '%-20s %10s runs, %6s a second, %s\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
            "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" \
            "$(grep -aoE 'cov: [0-9]+' "$log" | tail -1)"
        return
    fi
    printf '%-20s FAILED; the end of %s:\n' "$name" "$log"
    grep -avE '^#|^INFO|NEW_FUNC' "$log" | tail -25
    echo "again: FUZZ_TARGET=$name $program fuzz/findings/FILE"
    return 1
}
export -f run

targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(FUZZ_TARGET=list "$program" 2>/dev/null)
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-1}" -I{} bash -c 'run {}'
