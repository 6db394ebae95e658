#!/usr/bin/env bash
# Measure both revisions: sessions in turns, each in a work tree of its own, with what is installed here.
# Takes BASE, HEAD, SESSIONS, THRESHOLD, ARGUMENTS (of pytest, separated by blanks) and FOLDER.
set -euo pipefail

if [ -z "${BASE:-}" ]; then
    echo "parabench: there is no base to compare with: give the action the input 'base', such as origin/main" >&2
    exit 2
fi
read -r -a arguments <<<"${ARGUMENTS:-}"
mkdir -p "$FOLDER"
status=0
parabench run --rev "$BASE" --rev "$HEAD" --sessions "$SESSIONS" --threshold "$THRESHOLD" \
    --results "$FOLDER/results" "${arguments[@]}" || status=$?
# 1 says that something is slower, or that a cell failed: whether that fails the job is for compare.sh to say.
[ "$status" -le 1 ] || exit "$status"
