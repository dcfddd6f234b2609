#!/bin/sh
# Installs the judges, makes what they read, and lets them judge. Ends with another
# status than 0 if any of them says something else than README.md.
set -eu
cd "$(dirname "$0")"
npm ci --no-audit --no-fund --ignore-scripts

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
bench=../shared/bench
if [ ! -d ../$bench ]; then
	bench=
fi
(cd .. && go build -o "$out/gen" ./interop/gen && "$out/gen" --out "$out" --bench "$bench")
INTEROP_OUT=$out node --disable-warning=ExperimentalWarning --test --test-reporter=spec ./*.test.mjs
