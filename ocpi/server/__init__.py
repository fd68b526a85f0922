"""What partners call: who they are, what they may, and how every request is answered."""
