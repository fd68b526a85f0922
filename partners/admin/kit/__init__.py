"""What all pages of the admin are made of."""
