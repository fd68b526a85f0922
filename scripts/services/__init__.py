"""The servers that the tests need: found on this machine, or started for one run."""
