"""The stage for scenarios: servers of their own, the platform's processes, and a fleet of simulated CPOs."""
