"""Named ways for a charge (``courses``) or for the whole CPO (``faults``) to go."""
