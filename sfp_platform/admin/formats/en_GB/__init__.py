"""British English with 24 hours."""
