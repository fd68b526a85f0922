"""What can be set: for the life of a process, and while it runs."""
