"""What the platform keeps of itself."""

from sfp_platform.models.heartbeat import Heartbeat

__all__ = ["Heartbeat"]
