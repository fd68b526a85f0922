"""What the CPO's page shows of a connection that stands: its health, its incidents, its own messages, documents."""
