"""A stand-in for a back end of our payment protocol (docs/payments.md): a terminal operator's, or that of our own app.

Strict about signatures, keys and fields, with books of its own; it loses and forges answers and events on request. What
it signs and checks it works out itself. `python -m rehearsal.back_office_fake --help` says how it is started.
"""
