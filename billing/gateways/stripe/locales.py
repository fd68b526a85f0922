"""The languages that Stripe's page speaks, and the nearest to a driver's."""

AUTO = "auto"
# https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-locale; a test compares with the library.
NAMES = """
bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl
sv th tr vi zh zh-HK zh-TW
"""
SPOKEN = {name.lower(): name for name in NAMES.split()}


def nearest(locale: str) -> str:
    """Return what Stripe calls the driver's language: `de` for `de-AT`, `auto` (the browser's) for an unknown one."""
    name = locale.strip().lower().replace("_", "-")
    return SPOKEN.get(name) or SPOKEN.get(name.partition("-")[0]) or AUTO
