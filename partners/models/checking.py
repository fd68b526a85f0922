"""Rules about several rows, asked when one of them is checked. They register here: rows do not know them."""

from django.dispatch import Signal

checking = Signal()
"""Sent by `Model.clean()`, with `instance`; a receiver that refuses raises ValidationError."""
