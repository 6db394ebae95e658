"""Statistics: numbers in, records out. No files, no clocks, no pytest."""
