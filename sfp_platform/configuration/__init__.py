"""What `settings.py` is made of: embedded defaults, staging, logging."""
