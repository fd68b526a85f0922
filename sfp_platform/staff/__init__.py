"""How staff get in: login, lock-out, second factor."""
