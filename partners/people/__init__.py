"""Who works here: rights, second factor, lock-out."""
