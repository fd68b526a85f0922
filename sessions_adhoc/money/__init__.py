"""What a charge costs: the tariff shown, the estimate, which CDRs count, and whether they can be true."""
