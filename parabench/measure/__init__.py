"""Run cells in processes of their own and read what they cost."""
