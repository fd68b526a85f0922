"""A plain status page for people, refreshed by the browser every two seconds."""

from collections.abc import Sequence
from html import escape

from cpo_simulator.charging.cpo import Cpo

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; color: #1d2733 }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem } th { text-align: left }
td, th { padding: .25rem .6rem; border-bottom: 1px solid #dde3ea } code { font-size: 13px }
.CHARGING { color: #0a7d3c; font-weight: 600 } .BLOCKED { color: #a15c00 } .OUTOFORDER { color: #b3261e }
"""


def status_page(cpo: Cpo) -> str:
    """The page as HTML."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        f"<title>{escape(cpo.config.name)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(cpo.config.name)} <small>{cpo.config.country}-{cpo.config.party}</small></h1>"
        f"<p>{_registration(cpo)}<br>Scenario <b>{escape(cpo.behaviour.scenario)}</b>, "
        f"speed {cpo.config.speed:g}, meter values every {cpo.config.meter_seconds:g} s</p>"
        f"<h2>Chargers</h2>{_chargers(cpo)}<h2>Sessions</h2>{_sessions(cpo)}<h2>Exchanges</h2>{_exchanges(cpo)}"
        "</body></html>"
    )


def _registration(cpo: Cpo) -> str:
    connection = cpo.registration.connection
    url = f"Versions URL <code>{escape(cpo.registration.versions_url)}</code>"
    if connection is None:
        return f"Not registered. {url}"
    party = f"{connection.party.country_code}-{connection.party.party_id} {connection.party.name}"
    return f"Registered with <b>{escape(party)}</b> over OCPI {connection.version.number}. {url}"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{one}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _chargers(cpo: Cpo) -> str:
    rows = [
        (
            escape(bay.location["name"]),
            f"<code>{escape(bay.uid)}</code>",
            escape(bay.evse["evse_id"]),
            f"{bay.evse['connectors'][0]['max_electric_power'] / 1000:g} kW",
            f'<span class="{bay.status}">{bay.status}</span>',
        )
        for bay in cpo.bays.values()
    ]
    return _table(("Location", "EVSE uid", "EVSE id", "Power", "Status"), rows)


def _sessions(cpo: Cpo) -> str:
    rows = [
        (
            f"<code>{escape(one['id'])}</code>",
            escape(one["evse_uid"]),
            one["status"],
            f"{one['kwh']:.3f} kWh",
            f"{one['total_cost'].incl_vat} {one['currency']}" if one.get("total_cost") else "",
        )
        for one in list(cpo.store.sessions)[::-1][:20]
    ]
    return _table(("Session", "EVSE", "Status", "Energy", "Cost incl. VAT"), rows)


def _exchanges(cpo: Cpo) -> str:
    rows = [
        (
            one["at"][11:23],
            "in" if one["direction"] == "in" else "out",
            one["method"],
            f"<code>{escape(one['url'])}</code>",
            str(one["http"] or "-"),
            str(one["status_code"] or "-"),
            f"{one['ms']} ms",
        )
        for one in cpo.exchanges.newest(30)
    ]
    return _table(("At", "", "Method", "URL", "HTTP", "OCPI", ""), rows)
