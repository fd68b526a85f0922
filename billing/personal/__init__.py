"""Drivers' data in payments and receipts."""
