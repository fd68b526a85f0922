"""Logging: structlog over the standard library, readable lines in development, JSON in production."""

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

from ocpi.log.masking import mask_urls

# The address of a CPO's page opens it: whoever reads the log must not.
SECRET_ADDRESS = re.compile(r"(/onboarding/)[^/\s?#\"']+")


def mask_links(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take what an address gives away out of a line: links of CPOs' pages, tokens in a query.

    Django writes addresses of refused requests into it, a traceback those that were called.
    """
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask_urls(SECRET_ADDRESS.sub(r"\1…", value))
    return event


def configure(config: dict[str, Any]) -> None:
    """Django calls this with `settings.LOGGING`: `{"level": "INFO", "json": False}`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer() if config["json"] else structlog.dev.ConsoleRenderer(colors=False)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        mask_links,
                        renderer,
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": config["level"]},
            "loggers": {
                "axes": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "django.server": {"level": "WARNING"},
                "fontTools": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
                # The folder broker has no host, which kombu warns of on every message.
                "kombu.connection": {"level": "ERROR"},
            },
        }
    )
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
