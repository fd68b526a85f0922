"""The raw material of a network: sites in and around Slovakia, and the kinds of chargers that stand there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """A place with chargers; coordinates in degrees (WGS 84), ``hours`` (begin, end) or empty for always."""

    key: str
    name: str
    address: str
    city: str
    postal_code: str
    country: str
    state: str
    latitude: float
    longitude: float
    time_zone: str
    parking_type: str
    facilities: tuple[str, ...]
    chargers: tuple[str, ...]
    hours: tuple[str, str] | tuple[()] = ()


@dataclass(frozen=True)
class Plug:
    """A connector of a charger model: volts (line to neutral for AC), amperes and kW of one phase set."""

    standard: str
    format: str
    power_type: str
    volts: int
    amperes: int
    kw: int


@dataclass(frozen=True)
class Model:
    """A charger: its EVSEs (each a tuple of plugs) and which tariff family prices them."""

    name: str
    family: str
    evses: tuple[tuple[Plug, ...], ...]


_TYPE2 = Plug("IEC_62196_T2", "SOCKET", "AC_3_PHASE", 230, 32, 22)
_CCS50 = Plug("IEC_62196_T2_COMBO", "CABLE", "DC", 500, 125, 50)
_CHADEMO = Plug("CHADEMO", "CABLE", "DC", 500, 125, 50)
_CCS150 = Plug("IEC_62196_T2_COMBO", "CABLE", "DC", 920, 350, 150)
_CCS300 = Plug("IEC_62196_T2_COMBO", "CABLE", "DC", 920, 500, 300)

MODELS = {
    "ac22": Model("AC 22 kW, two sockets", "AC", ((_TYPE2,), (_TYPE2,))),
    "dc50": Model("DC 50 kW, CCS and CHAdeMO", "DC", ((_CCS50, _CHADEMO),)),
    "dc150": Model("DC 150 kW, CCS", "DC", ((_CCS150,),)),
    "dc300": Model("DC 300 kW, two CCS", "HPC", ((_CCS300,), (_CCS300,))),
}

SITES = (
    Site("BTS01", "Einsteinova Park & Charge", "Einsteinova 24", "Bratislava", "85101", "SVK",
         "Bratislavský kraj", 48.131945, 17.109722, "Europe/Bratislava", "PARKING_LOT",
         ("MALL", "RESTAURANT", "WIFI"), ("dc300", "dc150", "ac22")),
    Site("TRN01", "Diaľnica D1 Zeleneč", "D1, odpočívadlo Zeleneč", "Zeleneč", "91921", "SVK",
         "Trnavský kraj", 48.333611, 17.602778, "Europe/Bratislava", "ALONG_MOTORWAY",
         ("FUEL_STATION", "RESTAURANT"), ("dc300", "dc150", "dc50")),
    Site("ZIL01", "Žilina Centrum", "Vysokoškolákov 52", "Žilina", "01008", "SVK",
         "Žilinský kraj", 49.206389, 18.757222, "Europe/Bratislava", "PARKING_GARAGE",
         ("SUPERMARKET", "CAFE"), ("ac22", "dc50"), ("06:00", "22:00")),
    Site("BBY01", "Banská Bystrica Európa", "Na Troskách 25", "Banská Bystrica", "97401", "SVK",
         "Banskobystrický kraj", 48.732222, 19.146944, "Europe/Bratislava", "UNDERGROUND_GARAGE",
         ("MALL", "SPORT"), ("ac22", "ac22"), ("08:00", "21:00")),
    Site("KOS01", "Košice Stanica", "Staničné námestie 9", "Košice", "04001", "SVK",
         "Košický kraj", 48.722500, 21.268056, "Europe/Bratislava", "ON_STREET",
         ("TRAIN_STATION", "HOTEL"), ("dc150", "ac22")),
    Site("TAT01", "Poprad Tatry", "Štúrova 120", "Poprad", "05801", "SVK",
         "Prešovský kraj", 49.061111, 20.297500, "Europe/Bratislava", "PARKING_LOT",
         ("HOTEL", "NATURE"), ("dc150", "dc50", "ac22")),
    Site("VIE01", "Wien Simmering", "Simmeringer Hauptstraße 96", "Wien", "1110", "AUT",
         "Wien", 48.171389, 16.420278, "Europe/Vienna", "PARKING_LOT",
         ("SUPERMARKET",), ("dc300", "ac22")),
    Site("BRN01", "Brno Vídeňská", "Vídeňská 100", "Brno", "63900", "CZE",
         "Jihomoravský kraj", 49.172778, 16.601944, "Europe/Prague", "ON_STREET",
         ("RESTAURANT", "BUS_STOP"), ("dc150", "ac22")),
)  # fmt: skip
