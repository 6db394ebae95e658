#!/usr/bin/env bash
# End the job as the verdicts ask for, after everything has been kept. Takes STATUS and FAIL_ON.
set -euo pipefail

if [ "$STATUS" != 0 ]; then
    echo "::error::parabench: verdicts that fail the job (fail-on: $FAIL_ON); the summary lists them"
fi
exit "$STATUS"
