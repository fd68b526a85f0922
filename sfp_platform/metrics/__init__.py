"""Metrics: what processes have counted (`partners.ground.counting`), and how things stand in the database now."""
