"""After a restore: which moment was lost, what the gateways know of it, and the list of what people must decide."""
