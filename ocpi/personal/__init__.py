"""Drivers' data in what CPOs and we tell each other."""
