"""What a user reads: the closing table of a session, listings and pages."""
