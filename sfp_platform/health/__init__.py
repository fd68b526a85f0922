"""Health: what of the platform runs, told to probes, monitoring and staff."""
