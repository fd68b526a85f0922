"""A charge point operator that speaks OCPI over HTTP and keeps its own books in memory.

It knows nothing of any particular eMSP: it could be anyone's. Run it with ``python -m cpo_simulator --help``.
"""
