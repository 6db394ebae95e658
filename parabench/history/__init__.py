"""Stored sessions: their journal, their file, their reader, and what is kept of thousands of them."""
