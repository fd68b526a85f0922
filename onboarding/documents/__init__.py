"""Documents that leave the house: data sheet, connection check, sign-off form, integration dossier; all PDF."""
