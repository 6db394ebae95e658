"""Concurrency models: one file each, found by discovery; `contract` says what a model is."""
