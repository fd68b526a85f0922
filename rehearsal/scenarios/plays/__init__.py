"""Scenarios: what must come of an ad-hoc session when a CPO or a payment gateway behaves in a certain way.

`table` holds one row per scenario: what happens, and the exact outcome by the session rules. `runner` plays them over
HTTP against simulated CPOs, `outcome` reads what came of it from our rows and from the others' books, `judging`
compares. Nothing here changes a session but through the driver's API.
"""
