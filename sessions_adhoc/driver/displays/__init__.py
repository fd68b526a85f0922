"""Dynamic QR codes: what a charger's display shows, checked where a CPO shares its secret with us (OCPP 2.1, C25)."""
