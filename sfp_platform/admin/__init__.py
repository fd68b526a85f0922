"""What of the admin looks over all apps: the first page and the search."""
