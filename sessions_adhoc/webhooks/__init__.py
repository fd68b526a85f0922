"""Events for clients of the driver's API: written with what they tell of, delivered in order, signed (ADR 18).

events.about_session(rows, now)     # a session moved: in the transaction that moves it
delivering.hand_out_due(now)        # what is due, to workers
"""
