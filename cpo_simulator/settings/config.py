"""What is fixed for the life of one simulator process."""

from dataclasses import dataclass
from uuid import uuid4


def new_token() -> str:
    """A token in the shape that partners exchange: a UUID."""
    return str(uuid4())


@dataclass(frozen=True)
class Config:
    """Settings of one simulated CPO; every field is a command line option."""

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    country: str = "SK"
    party: str = "ION"
    name: str = "Ion Charge (simulated)"
    website: str = "https://cpo.example"
    token_a: str = ""
    versions: tuple[str, ...] = ("2.2.1",)
    clients: tuple[str, ...] = ()
    speed: float = 1.0
    meter_interval: float = 0.0
    seed: int = 1
    register_url: str = ""
    register_token: str = ""
    push_locations: bool = False
    control_token: str = ""
    ready_file: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    json_log: bool = False
    quiet: bool = False
    color: bool = False
    keep: int = 2000
    exchanges: int = 500

    @property
    def meter_seconds(self) -> float:
        """Real seconds between meter values: one simulated minute, though at least a second, unless set."""
        return self.meter_interval or max(1.0, 60.0 / self.speed)
