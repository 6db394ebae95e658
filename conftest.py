"""The harness is the pytest plugin `parabench`; nothing has to be set up here."""

collect_ignore = ["results"]
