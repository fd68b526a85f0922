"""Measurements: `make bench` compares in one run, on one machine. No figure here is worth anything by itself."""
