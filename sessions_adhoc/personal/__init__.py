"""Drivers' data: which is kept, and one driver's, told and forgotten."""
