"""How often signs of life are given, and when they are missed: for those who know no models yet."""

EVERY = 10.0
"""Seconds between two signs of life."""
MISSED_AFTER = 25.0
"""Seconds without one: whoever gives signs every ten may miss one, and a moment more."""
