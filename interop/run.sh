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
corpus=../shared/conformance/blockcerts
if [ -d ../$corpus ]; then
	(cd .. && CERTANCHOR_CORPUS_OUT=$out/corpus.json go test -count=1 ./verifier -run '^TestBlockcertsCorpus$')
	export INTEROP_CORPUS=../$corpus
fi
INTEROP_OUT=$out node --disable-warning=ExperimentalWarning --test --test-reporter=spec ./*.test.mjs
