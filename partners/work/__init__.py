"""Who of staff works on what: tickets, and notes about them."""
