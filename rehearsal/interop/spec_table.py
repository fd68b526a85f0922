"""What the specification's example files are, and what is wrong with some of them.

Only names and paths stand here: the files themselves are licensed against change and stay where they are.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Example:
    """What a file holds and how it reaches us.

    Args:
        kind: object as in `Version.models`.
        method: PUT, POST, PATCH or DELETE-less HTTP to our views; REGISTER for POST credentials; LIST for our own
            list of tokens; READ and MERGE go through the models, as we serve no such object.
        inside: the key that the object stands under, where the file wraps it.
        envelope: the file is a whole answer, read by our client.
    """

    pattern: str
    kind: str
    method: str
    inside: str = ""
    envelope: bool = False

    @property
    def title(self) -> str:
        return f"{self.method} {self.kind}"


# The first pattern that fits counts.
_IN_2_1_1 = (
    Example("credentials_*", "credentials", "REGISTER"),
    Example("mod_cdrs_*", "cdr", "POST"),
    Example("mod_locations_01*", "evse", "PATCH"),
    Example("mod_locations_02*", "location", "PATCH"),
    Example("mod_locations_03*", "connector", "PATCH"),
    Example("mod_locations_04*", "evse", "PUT"),
    Example("mod_locations_05*", "evse", "PATCH"),
    Example("mod_locations_06*", "location", "PUT"),
    Example("mod_sessions_01*", "session", "PATCH"),
    Example("mod_sessions_*", "session", "PUT"),
    Example("mod_tariffs_02*", "tariff", "PATCH"),
    Example("mod_tariffs_*", "tariff", "PUT"),
    Example("mod_tokens_02*", "token", "MERGE"),
    Example("mod_tokens_*", "token", "READ"),
    Example("transport_and_format_01*", "version_list_item", "READ", "data", envelope=True),
    Example("transport_and_format_02*", "version_details", "READ", "data", envelope=True),
    Example("transport_and_format_03*", "token", "READ", "data", envelope=True),
    Example("transport_and_format_04*", "token", "LIST", "data", envelope=True),
    Example("transport_and_format_05*", "refusal", "READ", envelope=True),
    Example("version_information_endpoint_01*", "version_list_item", "READ"),
    Example("version_information_endpoint_02*", "version_details", "READ"),
)
_SINCE_2_2 = (
    Example("cdr_*", "cdr", "POST"),
    Example("credentials_*", "credentials", "REGISTER"),
    Example("location_patch_example_location*", "location", "PATCH"),
    Example("location_patch_example_tariff*", "connector", "PATCH"),
    Example("location_patch_*", "evse", "PATCH"),
    Example("location_put_example_add_evse*", "evse", "PUT"),
    Example("location_energymix_*", "energy_mix", "READ", "energy_mix"),
    Example("location_regularhours_*", "hours", "READ", "opening_times"),
    Example("location_hours_*", "hours", "READ"),
    Example("location_*", "location", "PUT"),
    Example("session_patch_*", "session", "PATCH"),
    Example("session_*", "session", "PUT"),
    Example("tariff*", "tariff", "PUT"),
    Example("token_patch_*", "token", "MERGE"),
    Example("token_*", "token", "READ"),
    Example("transport_and_format_get_token_list*", "token", "LIST", "data", envelope=True),
    Example("transport_and_format_get_token*", "token", "READ", "data", envelope=True),
    Example("transport_and_format_version_info*", "version_list_item", "READ", "data", envelope=True),
    Example("transport_and_format_version_details*", "version_details", "READ", "data", envelope=True),
    Example("versions_info*", "version_list_item", "READ"),
    Example("version_details*", "version_details", "READ"),
    Example("type_displaytext*", "display_text", "READ"),
    Example("payment_financial_advice_*", "financial_advice_confirmation", "READ"),
    Example("payment_terminal_location_assignment*", "terminal", "MERGE"),
    Example("payment_terminal_*", "terminal", "READ"),
    Example("booking_location_patch_example_calendar*", "calendar", "PATCH"),
    Example("booking_location_patch_*", "booking_location", "PATCH"),
    Example("booking_location_*", "booking_location", "PUT"),
    Example("booking_request_patch_*", "booking_request", "MERGE"),
    Example("booking_patch_*", "booking", "PATCH"),
    Example("booking_*", "booking", "PUT"),
)


@dataclass(frozen=True)
class Erratum:
    """A file that breaks its own version's tables.

    Args:
        faults: paths that cannot be read, for which it is refused; with none it is accepted.
        notes: paths that are read nevertheless; the message log names each.
        left_out: paths that cannot be read in a Location, which is taken over without them.
        lost: paths whose content has no field to go into, so that it does not come back from the models.
    """

    sets: str
    pattern: str
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def _each(path: str, *positions: int) -> tuple[str, ...]:
    return tuple(path.format(position) for position in positions)


_CONNECTOR = "connectors[0]."
_TIMES = tuple(
    f"calendars[{n}].{name}" for n in (0, 1) for name in ("end_before", "available_timeslots[0].end_date_time")
)
ERRATA = (
    Erratum(
        "2.1.1",
        "mod_cdrs_01*",
        notes=("location.country", "tariffs[0].elements[0].price_components[0].price"),
    ),
    Erratum("2.1.1", "mod_sessions_0[23]*", notes=("location.country",)),
    Erratum(
        "2.1.1",
        "mod_locations_04*",
        faults=(
            *(f"{_CONNECTOR}{name}" for name in ("power_type", "voltage", "amperage", "last_updated")),
            "last_updated",
        ),
    ),
    Erratum("2.1.1", "mod_tariffs_01*", faults=("last_updated",)),
    Erratum(
        "2.[23]*",
        "location_put_example_add_evse*",
        faults=tuple(f"{_CONNECTOR}{name}" for name in ("power_type", "max_voltage", "max_amperage", "last_updated")),
    ),
    Erratum("2.[23]*", "tariff_put_example*", faults=("last_updated",)),
    Erratum("2.3.0*", "cdr_example*", faults=("tariffs[0].tax_included",)),
    Erratum("2.3.0-payments", "*_confirmation_example_failure*", faults=("eft_data",)),
    Erratum("2.3.0-payments", "*_confirmation_*", notes=("total_costs",)),
    Erratum("2.3.0-payments", "payment_terminal_create_minimal*", faults=("last_updated",)),
    Erratum("2.3.0-payments", "payment_terminal_put_update*", faults=("terminal_id",)),
    Erratum(
        "2.3.0-bookings",
        "booking_example*",
        faults=_each("booking_requests[{}].booking_request.booking_location_id", 0, 1),
    ),
    Erratum("2.3.0-bookings", "booking_location_example*", faults=_TIMES),
    Erratum(
        "2.3.0-bookings",
        "booking_location_patch_example_calendar*",
        faults=("available_timeslots[0].start_date_time", "available_timeslots[0].end_date_time"),
    ),
    Erratum("2.3.0-bookings", "booking_patch_example_evse_uid*", lost=("evse_uid",)),
    Erratum("2.3.0-bookings", "booking_request_patch_example_timeslot*", lost=("timeslot", "last_updated")),
    Erratum("2.3.0-bookings", "booking_request_patch_example_tokens*", lost=("last_updated",)),
    Erratum(
        "2.3.0-bookings",
        "location_example.json",
        left_out=tuple(f"evses[{e}].parking[{p}]" for e in (0, 1) for p in (0, 1)),
    ),
    Erratum("2.3.0-bookings", "location_example_parking_garage*", left_out=("evses[0].parking[0]",)),
)


def example(version: str, name: str) -> Example | None:
    """What the file holds, or None where the table does not know it."""
    known = _IN_2_1_1 if version == "2.1.1" else _SINCE_2_2
    return next((one for one in known if fnmatchcase(name, one.pattern)), None)


def erratum(folder: str, name: str) -> Erratum:
    """What is known to be wrong with the file; an empty one where nothing is."""
    fits = (one for one in ERRATA if fnmatchcase(folder, one.sets) and fnmatchcase(name, one.pattern))
    return next(fits, Erratum(folder, name))
