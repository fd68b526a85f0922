"""What the tests share: tasks run in order, real processes on loopback, a guard against the outside."""
