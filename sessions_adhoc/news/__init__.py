"""What other apps tell us, and what it means for an attempt. `receiving` is called inside their transactions."""
