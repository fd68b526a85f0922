"""Payouts of gateways: imported from their own lists, matched with our payments, posted."""
