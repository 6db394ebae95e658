"""Stored sessions: who measured (fingerprint), where the files are, and how they get there whole."""
