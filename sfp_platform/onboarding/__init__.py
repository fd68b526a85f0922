"""What onboarding has to know of the layers above `partners`, and what it does with them."""
