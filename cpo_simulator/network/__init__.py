"""Where chargers stand, what they cost, and what state each is in."""
