"""What every app stands on: deadline columns, rows, secrets, privacy, limits. Knows no partner."""
