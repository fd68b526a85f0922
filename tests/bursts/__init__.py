"""Bursts: many at once, half a request, a backlog, a partner that hangs."""
