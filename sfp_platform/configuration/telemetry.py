"""Errors to Sentry and traces to OpenTelemetry, where the environment names a place (`requirements/telemetry.txt`).

What goes there leaves the house: no headers, bodies, queries, cookies, variables or addresses of people; and whatever
is masked in the log is masked here.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from partners.ground import tracing
from sfp_platform import __version__

NEEDED = "{setting} is set, and {package} is not installed: pip install --require-hashes -r requirements/telemetry.txt"
OF_REQUEST = ("url", "method")


def start() -> None:
    """Begin, once in a process; nothing is loaded where nothing is configured."""
    if settings.SENTRY_DSN:
        _start_sentry()
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        _start_opentelemetry()


def _start_sentry() -> None:
    try:
        import sentry_sdk
    except ImportError as error:
        raise ImproperlyConfigured(NEEDED.format(setting="SENTRY_DSN", package="sentry-sdk")) from error
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.ENVIRONMENT,
        release=__version__,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=clean,
        before_breadcrumb=lambda _crumb, _hint: None,
    )


def clean(event: dict[str, Any], _hint: Any = None) -> dict[str, Any]:
    """An event as it may leave: masked, without people, and with the id that the log has."""
    request = event.get("request") or {}
    event["request"] = {name: request[name].partition("?")[0] for name in OF_REQUEST if name in request}
    event.pop("user", None)
    event.setdefault("tags", {})[tracing.NAME] = tracing.current()
    masked: dict[str, Any] = _masked(event)
    return masked


def _masked(value: Any) -> Any:
    from sfp_platform.configuration.logs import mask_links

    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one) for one in value]
    return mask_links(None, "", {"text": value})["text"] if isinstance(value, str) else value


def _start_opentelemetry() -> None:
    """Requests, tasks and calls as spans; the id of the log is an attribute of each."""
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.celery import CeleryInstrumentor
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.instrumentation.requests import RequestsInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ImproperlyConfigured(
            NEEDED.format(setting="OTEL_EXPORTER_OTLP_ENDPOINT", package="opentelemetry")
        ) from error

    class Named(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            if current := tracing.current():
                span.set_attribute(tracing.NAME, current)

    resource = Resource.create({"service.name": "smart-fuel-pass", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(Named())
    endpoint = f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
    CeleryInstrumentor().instrument()
    DjangoInstrumentor().instrument(excluded_urls="health,metrics", request_hook=mask_span)
    RequestsInstrumentor().instrument(request_hook=mask_span)


def mask_span(span: Any, _request: Any = None) -> None:
    """Take what addresses give away out of what was noted of a request so far."""
    for name, value in dict(span.attributes or {}).items():
        if isinstance(value, str):
            span.set_attribute(name, "" if name == "url.query" else _masked(value))
