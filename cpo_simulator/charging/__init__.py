"""Chargers, virtual cars, and the runs that bring them together."""
