"""The driver's pages behind the QR code on a charger: `/c/{evse}` and `/c/session/{uuid}`."""
