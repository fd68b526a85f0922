"""A session's account after its end: the receipt, its corrections, what is owed to the CPO."""
