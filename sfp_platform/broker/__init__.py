"""Queues: their names and order, the transports, and the sweep beside them."""
