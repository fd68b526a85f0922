"""What was said: the message log, what is masked in it, what was noticed, and how it is found and counted."""
