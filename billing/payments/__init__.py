"""A driver's money at a gateway: the one door (`services`), and the worker that asks (`driving`)."""
