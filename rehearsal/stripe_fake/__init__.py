"""A stand-in for Stripe, as a process of its own: strict about what it is asked, with books of its own.

Requests are checked against the parameter types of the official library; answers have the shapes of Stripe's published
fixtures (`shapes.json`); what follows what, and what a repeated key is answered, is as Stripe documents it. It loses
answers and events on request. `python -m rehearsal.stripe_fake --help` says how it is started.
"""
