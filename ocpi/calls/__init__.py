"""What we ask partners to do: commands, reservations, bookings, payments, charging profiles, tokens."""
