"""What was agreed with a partner: its networks, and the policy of each charger."""
