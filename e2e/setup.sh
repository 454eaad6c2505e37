#!/usr/bin/env bash
# Puts the client libraries of the end-to-end suite into e2e/.work: two Python environments (two of
# the libraries share one package name), Node packages, the Rust driver and the clock shim.
# Each step is skipped while the files that it is made from are unchanged.
set -euo pipefail
cd "$(dirname "$0")"
work="$PWD/.work"
mkdir -p "$work"
python="${PYTHON:-python3}"

# made NAME FILES...: true when NAME was made from these very files.
made() {
    local name="$1"
    shift
    want="$(cat "$@" setup.sh | sha256sum | cut -d' ' -f1)"
    [ -f "$work/$name.made" ] && [ "$(cat "$work/$name.made")" = "$want" ]
}
done_with() { echo "$want" >"$work/$1.made"; }

for env in main pyrogram; do
    if ! made "venv-$env" "requirements-$env.txt"; then
        echo "e2e: Python environment $env"
        rm -rf "$work/venv-$env"
        "$python" -m venv "$work/venv-$env"
        "$work/venv-$env/bin/pip" install --quiet --disable-pip-version-check --no-deps \
            -r "requirements-$env.txt"
        done_with "venv-$env"
    fi
done

if ! made node node/package.json node/package-lock.json; then
    echo "e2e: Node packages"
    mkdir -p "$work/node"
    cp node/package.json node/package-lock.json "$work/node/"
    (cd "$work/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    done_with node
fi
ln -sfn ../.work/node/node_modules node/node_modules

if ! made clock shim/clock.c; then
    echo "e2e: clock shim"
    cc -shared -fPIC -O1 -Wall -Wextra -o "$work/clock.so" shim/clock.c -ldl
    done_with clock
fi

echo "e2e: Rust driver"
CARGO_TARGET_DIR="${E2E_GRAMMERS_TARGET:-$work/grammers}" cargo build --quiet --locked \
    --manifest-path grammers/Cargo.toml
