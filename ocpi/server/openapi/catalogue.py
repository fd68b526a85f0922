"""What each endpoint is for, in words for a CPO's developer, and which objects it takes and gives.

One entry per view and method. A view without an entry is documented all the same, from its docstring, and reported as
a gap.
"""

from collections.abc import Callable, Mapping

from ocpi.calls import charging_profiles
from ocpi.server.openapi.operations import Operation, mirroring
from ocpi.server.views.base import OcpiView
from ocpi.server.views.bookings import BookingLocationView, BookingView, CalendarView
from ocpi.server.views.cdrs import CdrsView, CdrView
from ocpi.server.views.clients import ClientInfoView
from ocpi.server.views.commands import CommandResultView
from ocpi.server.views.locations import ConnectorView, EvseView, LocationView
from ocpi.server.views.payments import (
    ActivateView,
    ConfirmationsView,
    ConfirmationView,
    DeactivateView,
    TerminalsView,
    TerminalView,
)
from ocpi.server.views.profiles import ActiveProfileView, ProfileResultView
from ocpi.server.views.registration import CredentialsView, DetailsView, VersionsView
from ocpi.server.views.sessions import SessionView
from ocpi.server.views.tariffs import TariffView
from ocpi.server.views.tokens import AuthorizeView, TokensView
from ocpi.versions import CommandType, Version

REGISTERED = "POST when you are registered already; PUT or DELETE when you are not."
_TARIFF = mirroring("tariff", "a Tariff")
OPERATIONS: Mapping[type[OcpiView], Mapping[str, Operation]] = {
    VersionsView: {
        "GET": Operation(
            summary="List the OCPI versions",
            text="Where to begin. It lists the versions that are enabled for you; we recommend the highest that you "
            "speak, too.",
            gives="version_list_item",
            many=True,
        )
    },
    DetailsView: {
        "GET": Operation(
            summary="List the endpoints of this version",
            text="Take the URLs from here rather than building them.",
            gives="version_details",
        )
    },
    CredentialsView: {
        "GET": Operation(
            summary="Read our credentials", text="With the token that your request carries.", gives="credentials"
        ),
        "POST": Operation(
            summary="Register",
            text="Send your credentials with the registration token that we gave you. Before we answer, we read your "
            "versions and version details with the token in the body, so your server has to be ready for that. The "
            "answer holds the token for all further requests. Should it not reach you, send the same again: the "
            "registration token is void once you have used the new one.",
            takes="credentials",
            gives="credentials",
            refusals={405: REGISTERED},
        ),
        "PUT": Operation(
            summary="Renew tokens, endpoints or version",
            text="As POST, when you are registered. Your present token stays valid until you use the new one.",
            takes="credentials",
            gives="credentials",
            refusals={405: REGISTERED},
        ),
        "DELETE": Operation(
            summary="Unregister",
            text="No token works any more, in either direction. To connect again you need a new registration token.",
            refusals={405: REGISTERED},
        ),
    },
    LocationView: mirroring(
        "location",
        "a Location",
        patch="EVSEs in it are merged by `uid`, their connectors by `id`; none is ever removed by a PATCH. To take an "
        "EVSE out of service set its status to REMOVED.",
    ),
    EvseView: mirroring(
        "evse",
        "an EVSE",
        patch="This is how you tell us of a new status; drivers see it within a second.",
    ),
    ConnectorView: mirroring("connector", "a Connector"),
    SessionView: mirroring(
        "session",
        "a Session",
        put="A charge counts as started when its Session says so, not when the command was accepted. `kwh` and "
        "`charging_periods` are what the driver sees: send them at least once a minute.",
        patch="`charging_periods` are added to those that we have; one that starts at the same moment replaces ours.",
    ),
    CdrsView: {
        "POST": Operation(
            summary="Send a CDR",
            text="A CDR never changes: the same again is acknowledged, another content under the same id is refused "
            "with status code 2001. A credit CDR corrects it.",
            takes="cdr",
            creates=True,
            location="Where our copy can be read.",
        )
    },
    CdrView: {
        "GET": Operation(summary="Read our copy of a CDR", text="By the URL in the Location header.", gives="cdr"),
    },
    TariffView: {
        **_TARIFF,
        "DELETE": Operation(
            summary="Withdraw a Tariff", text="For charges that start from now on; those that run keep their price."
        ),
    },
    TokensView: {
        "GET": Operation(
            summary="List our tokens",
            text="In pages, oldest first. Follow the Link header until there is none.",
            gives="token",
            many=True,
            paged=True,
        )
    },
    AuthorizeView: {
        "POST": Operation(
            summary="May this driver charge now?",
            text="A token that we know is always answered with `allowed`, also when it is blocked.",
            takes="location_references",
            optional=True,
            gives="authorization_info",
            query={"type": ("Type of the token; RFID when absent.", "APP_USER")},
        )
    },
    CommandResultView: {
        "POST": Operation(
            summary="Tell the result of a command",
            text="The URL is the `response_url` of the command that we sent you. The first result counts. It does not "
            "replace the Session: send that as well.",
            takes=lambda version: version.command_result_kind,
        )
    },
    ProfileResultView: {
        "POST": Operation(
            summary="Tell the result of a charging profile",
            text="The URL is the `response_url` of our request. The first result counts. `profile` belongs to the "
            "result of a GET.",
            takes="active_charging_profile_result",
        )
    },
    ActiveProfileView: {
        "PUT": Operation(
            summary="Tell that the charging profile changed",
            text="When a charger will charge otherwise than you told us last.",
            takes="active_charging_profile",
        )
    },
    ClientInfoView: {
        "GET": Operation(summary="Read our copy of a ClientInfo", gives="client_info"),
        "PUT": Operation(
            summary="Send a ClientInfo",
            text="For hubs: a party that is connected to you, or was. The URL names that party.",
            takes="client_info",
            creates=True,
        ),
    },
    BookingView: mirroring(
        "booking", "a Booking", put="The URL holds its `id`; that of our request is understood, too. "
    ),
    BookingLocationView: mirroring("booking_location", "a BookingLocation", patch="Calendars are merged by `id`."),
    CalendarView: mirroring("calendar", "a Calendar"),
    TerminalsView: {
        "GET": Operation(summary="List your payment terminals", gives="terminal", many=True, paged=True),
    },
    ActivateView: {
        "POST": Operation(
            summary="Ask for a terminal to be activated",
            text="`terminal_id` and `last_updated` may be left out. A terminal that we know is active at once; a new "
            "one has to be set up first, and is then created in your system.",
            takes="terminal",
        )
    },
    TerminalView: {
        "GET": Operation(summary="Read a terminal", gives="terminal"),
        "PUT": Operation(summary="Assign a terminal", text="Its place, its EVSEs, its invoices.", takes="terminal"),
        "PATCH": Operation(summary="Change a terminal", takes="terminal", partial=True),
    },
    DeactivateView: {
        "POST": Operation(summary="Deactivate a terminal", text="It takes no more payments."),
    },
    ConfirmationsView: {
        "GET": Operation(
            summary="List what was captured",
            text="One confirmation for each payment at a terminal, with the lines for the receipt.",
            gives="financial_advice_confirmation",
            many=True,
            paged=True,
        )
    },
    ConfirmationView: {
        "GET": Operation(summary="Read what was captured", gives="financial_advice_confirmation"),
    },
}

# Path variables with a few possible values.
CHOICES: Mapping[type[OcpiView], Callable[[Version], list[str]]] = {
    CommandResultView: lambda version: [str(kind) for kind in CommandType if kind.lower() in version.models],
    ProfileResultView: lambda _version: [str(kind) for kind in charging_profiles.RESULTS],
}

# What is said of a module as a whole.
MODULES: Mapping[str, str] = {
    "versions": "Which versions and endpoints there are. A registration token is good here.",
    "credentials": "Registration: both sides exchange tokens and the URLs of their versions. A registration token is "
    "good here.",
    "locations": "You send us your locations, EVSEs and connectors, and above all their status.",
    "sessions": "You send us each charging session while it runs.",
    "cdrs": "You send us a charge detail record when a session has ended. It is what the driver pays by.",
    "tariffs": "You send us your prices. Optional.",
    "tokens": "You read the tokens of our drivers, or ask about one.",
    "commands": "You tell us what became of a command that we sent you, such as START_SESSION.",
    "chargingprofiles": "You tell us what became of a charging profile that we sent you.",
    "hubclientinfo": "A hub tells us which parties are connected to it.",
    "bookings": "You send us what can be booked, and what became of our bookings.",
    "payments": "Here we are not an eMSP but the provider of payment terminals at your charging stations.",
}
