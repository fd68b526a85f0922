"""Receipts: their numbers, what stands on them, the ledger's side of them, and how they look."""
