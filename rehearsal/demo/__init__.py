"""The demonstration: the whole platform and a simulated CPO on this machine, and one real charge."""
