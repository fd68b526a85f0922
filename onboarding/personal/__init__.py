"""People at CPOs."""
