"""A virtual car: how much power it takes at which state of charge."""

from dataclasses import dataclass
from itertools import pairwise

_START_SOC = 40.0
_FULL_SOC = 80.0
# (state of charge in %, share of the peak power): flat, then the taper of a lithium battery.
_TAPER = ((0.0, 0.85), (10.0, 1.0), (50.0, 1.0), (65.0, 0.78), (80.0, 0.52), (100.0, 0.08))


@dataclass(frozen=True)
class Car:
    """A car that arrives at 40 % and wants ``needs_kwh`` until it is content at 80 %."""

    needs_kwh: float
    dc_kw: float
    ac_kw: float

    @property
    def needs_wh(self) -> int:
        """What it takes in all."""
        return round(self.needs_kwh * 1000)

    def soc(self, wh: float) -> float:
        """State of charge in percent after this much energy."""
        share = wh / self.needs_wh if self.needs_wh else 1.0
        return _START_SOC + (_FULL_SOC - _START_SOC) * min(1.0, share)

    def power(self, wh: float, evse_kw: float, is_dc: bool) -> float:
        """kW that flow after this much energy: tapering at DC, flat at AC."""
        if not is_dc:
            return min(evse_kw, self.ac_kw)
        return min(evse_kw, self.dc_kw * _share(self.soc(wh)))


def _share(soc: float) -> float:
    for (low, high_share), (high, low_share) in pairwise(_TAPER):
        if soc <= high:
            return high_share + (low_share - high_share) * (soc - low) / (high - low)
    return _TAPER[-1][1]
