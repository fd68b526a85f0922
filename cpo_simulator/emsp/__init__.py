"""The eMSP as seen from here: who it is, what is called and told, and the log of it."""
