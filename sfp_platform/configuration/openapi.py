"""How drf-spectacular describes the driver's API."""

from typing import Any

DOCUMENT: dict[str, Any] = {
    "TITLE": "Smart Fuel Pass: driver's API",
    "DESCRIPTION": "Start, watch and stop ad-hoc charging sessions. Amounts are in minor units of their currency.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "PREPROCESSING_HOOKS": ["sfp_platform.web.openapi.only_drivers_api"],
    "ENUM_NAME_OVERRIDES": {
        "TokenType": ["RFID", "APP_USER", "OTHER"],
        "PaymentActionType": ["redirect", "client_secret"],
    },
}
