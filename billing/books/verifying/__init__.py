"""Is it true what the books say? They are compared with the payments, the gateways' own lists, claims and receipts.

`verify(since)` yields what does not agree, a sentence each that names the row; nothing is changed. Higher apps add what
they know of to `CHECKS`, in `AppConfig.ready()`.
"""

from billing.books.verifying.run import CHECKS, verify

__all__ = ["CHECKS", "verify"]
