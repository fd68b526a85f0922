"""Personal data: what is kept of whom, why, how long, and forgetting it. Each app names its own kinds."""
