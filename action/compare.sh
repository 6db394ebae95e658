#!/usr/bin/env bash
# Compare what was measured: verdicts as Markdown and JSON, and the report, into FOLDER; their status as an output.
# Takes BASE, HEAD, THRESHOLD, FAIL_ON and FOLDER, and GitHub's GITHUB_OUTPUT and GITHUB_STEP_SUMMARY.
set -euo pipefail

base=$(git rev-parse "$BASE^{commit}")
head=$(git rev-parse "$HEAD^{commit}")
compare() {
    parabench compare "commit:$base" "commit:$head" --across source --results "$FOLDER/results" \
        --threshold "$THRESHOLD" --fail-on "$FAIL_ON" --format "$1"
}

status=0
compare markdown >"$FOLDER/verdicts.md" || status=$?
[ "$status" -le 1 ] || exit "$status"
compare json >"$FOLDER/verdicts.json" || [ "$?" -le 1 ]
parabench report --results "$FOLDER/results" --output "$FOLDER/report.html"
cat "$FOLDER/verdicts.md" >>"$GITHUB_STEP_SUMMARY"
echo "status=$status" >>"$GITHUB_OUTPUT"
