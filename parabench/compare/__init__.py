"""From stored sessions to verdicts: sides, series, calibrations, interpreters."""
