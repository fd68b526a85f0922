"""What a driver asks for, and is told: over the API, on the pages, by the commands."""
