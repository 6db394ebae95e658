"""The work: one family of workloads per file, plain module-level functions that any worker can import."""
