"""What a partner sends before the integration starts (guide 3.1): entered by it or by staff, checked at once."""
