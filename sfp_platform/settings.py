"""All settings, each from the environment (README lists them). One file, for every environment.

`ENVIRONMENT=development` (the default) runs on embedded defaults: SQLite, a folder as broker, secrets made on
first use under `var/`. `ENVIRONMENT=production` has no defaults for secrets and servers and refuses to start
without them.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from sfp_platform import __version__
from sfp_platform.configuration import databases, openapi
from sfp_platform.configuration.colours import GREEN
from sfp_platform.configuration.embedded import folder_broker, local_secret
from sfp_platform.configuration.installed import INSTALLED

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

ENVIRONMENT = env.str("ENVIRONMENT", default="development")
PRODUCTION = ENVIRONMENT == "production"
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured(f"ENVIRONMENT must be 'development' or 'production', not {ENVIRONMENT!r}")
# Neither real money nor mail is meant, and every page says so.
STAGING = env.bool("STAGING", default=False)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))


def required_in_production(name: str, development: Any) -> Any:
    """Return the variable, or in development what `development()` makes; in production its absence is fatal."""
    value = env.str(name, default="")
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set when ENVIRONMENT=production")
    return development()


# --- Django ---------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required_in_production("SECRET_KEY", lambda: local_secret(VAR_DIR, "secret"))
# Earlier ones, with which sessions and links were signed that are good still.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [*INSTALLED, *(() if PRODUCTION else ("rehearsal.apps.RehearsalConfig",))]

MIDDLEWARE = [
    "sfp_platform.middleware.LeanPathMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "sfp_platform.middleware.HostsMiddleware",
    "sfp_platform.web.content_policy.ContentPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "sfp_platform.middleware.StaffMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "sfp_platform.urls"
WSGI_APPLICATION = "sfp_platform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sfp_platform.configuration.staging.banner",
            ],
            # It names pages as the sidebar does, and belongs to the admin.
            "libraries": {"naming": "sfp_platform.admin.naming"},
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# OCPI routes allow doubled slashes on purpose: peers join URLs carelessly.
SILENCED_SYSTEM_CHECKS = ["urls.W002"]
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Bratislava")
USE_I18N = True
# What drivers read, in the languages of `partners.ground.languages`; staff and CPOs read English.
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
FORMAT_MODULE_PATH = ["sfp_platform.admin.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
if not PRODUCTION:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Served straight from the apps in development: no collectstatic between a fresh clone and a styled page.
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# --- Database -------------------------------------------------------------------------------------------------
DATABASE_URL = required_in_production("DATABASE_URL", lambda: f"sqlite:///{VAR_DIR / 'sfp.sqlite3'}")
# Connections of one process, shared by its threads; 0: each thread has its own, for `CONN_MAX_AGE` seconds.
DATABASE_POOL_SIZE, CONN_MAX_AGE = env.int("DATABASE_POOL_SIZE", default=12), env.int("CONN_MAX_AGE", default=300)
DATABASE_TRANSACTION_POOLER = env.bool("DATABASE_TRANSACTION_POOLER", default=False)
DATABASE_PREPARED_STATEMENTS = env.bool("DATABASE_PREPARED_STATEMENTS", default=not DATABASE_TRANSACTION_POOLER)
DATABASE_POOL = databases.pool_of(DATABASE_POOL_SIZE)
DATABASES = {"default": databases.configure(DATABASE_URL, DATABASE_POOL, CONN_MAX_AGE, DATABASE_TRANSACTION_POOLER)}
# A copy that follows the database: the admin's lists and statistics are read there.
if DATABASE_REPLICA_URL := env.str("DATABASE_REPLICA_URL", default=""):
    patience = {**DATABASE_POOL, "timeout": 2.0} if DATABASE_POOL else {}
    copy = databases.configure(DATABASE_REPLICA_URL, patience, CONN_MAX_AGE, DATABASE_TRANSACTION_POOLER)
    DATABASES["replica"] = {**copy, "TEST": {"MIRROR": "default"}}
    DATABASE_ROUTERS = ["sfp_platform.postgresql.replica.Router"]

# --- Celery ---------------------------------------------------------------------------------------------------
REDIS_URL = required_in_production("REDIS_URL", lambda: "")
# With `sentinel://` addresses in REDIS_URL, separated by semicolons: what the sentinels call the master.
REDIS_SENTINEL_MASTER = env.str("REDIS_SENTINEL_MASTER", default="")
REDIS_KEY_PREFIX = env.str("REDIS_KEY_PREFIX", default="")
QUEUE_ORDER = "sfp_platform.broker.queues:DueFirst"
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    # Tasks are claimed in the database, so a message delivered again after this time does nothing twice.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"visibility_timeout": 300, "queue_order_strategy": QUEUE_ORDER}
    if REDIS_SENTINEL_MASTER:
        CELERY_BROKER_TRANSPORT_OPTIONS["master_name"] = REDIS_SENTINEL_MASTER
    if REDIS_KEY_PREFIX:
        CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = REDIS_KEY_PREFIX
else:
    CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = folder_broker(VAR_DIR / "broker")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "engine"
CELERY_TIMEZONE = "UTC"

# --- Django REST framework ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["sessions_adhoc.driver.api.parsing.JsonParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "sessions_adhoc.driver.api.refusing.answer_with_code",
}
SPECTACULAR_SETTINGS = openapi.DOCUMENT

# --- Smart Fuel Pass as an OCPI party ---------------------------------------------------------------------------
OCPI_COUNTRY_CODE = env.str("OCPI_COUNTRY_CODE", default="SK")
OCPI_PARTY_ID = env.str("OCPI_PARTY_ID", default="SFP")
OCPI_BUSINESS_NAME = env.str("OCPI_BUSINESS_NAME", default="Smart Fuel Pass")
OCPI_WEBSITE = env.str("OCPI_WEBSITE", default="https://www.smartfuelpass.com")
OCPI_LOGO_URL = env.str("OCPI_LOGO_URL", default="")
# `{code}` in it gives every partner a host of its own; without it one host serves all (development).
OCPI_BASE_URL_TEMPLATE = env.str(
    "OCPI_BASE_URL_TEMPLATE",
    default="https://ocpi-{code}.smartfuelpass.com" if PRODUCTION else "http://127.0.0.1:8000",
)
OCPI_OUTBOUND_IPS = env.list("OCPI_OUTBOUND_IPS", default=[])
OCPI_TRUSTED_PROXIES = env.list("OCPI_TRUSTED_PROXIES", default=[])
OCPI_PAGE_LIMIT = env.int("OCPI_PAGE_LIMIT", default=100)
OCPI_CONNECT_TIMEOUT = env.float("OCPI_CONNECT_TIMEOUT", default=5.0)
OCPI_READ_TIMEOUT = env.float("OCPI_READ_TIMEOUT", default=20.0)
# Calls to one partner at the same time; fewer than there are workers, so that a slow one leaves some to the others.
OCPI_CALLS_AT_ONCE = env.int("OCPI_CALLS_AT_ONCE", default=8)
# Plain HTTP and private addresses are for simulators on the same machine; never in production (guide 3.2).
OCPI_ALLOW_INSECURE_PARTNERS = env.bool("OCPI_ALLOW_INSECURE_PARTNERS", default=not PRODUCTION)
OCPI_MESSAGE_BODY_LIMIT = env.int("OCPI_MESSAGE_BODY_LIMIT", default=65_536)
OCPI_MESSAGE_DAYS = env.int("OCPI_MESSAGE_DAYS", default=90)
# A folder to which each day of the log is written before it is dropped; without one it is dropped.
MESSAGE_ARCHIVE = env.str("MESSAGE_ARCHIVE", default="")
# A replaced token ends this long after its successor was made, if neither was used until then.
OCPI_TOKEN_GRACE_HOURS = env.int("OCPI_TOKEN_GRACE_HOURS", default=168)
# The IP list at Cloudflare that is kept in step with the partners' networks; without all three there is none.
CLOUDFLARE_API_TOKEN = env.str("CLOUDFLARE_API_TOKEN", default="")
CLOUDFLARE_ACCOUNT_ID = env.str("CLOUDFLARE_ACCOUNT_ID", default="")
CLOUDFLARE_LIST_ID = env.str("CLOUDFLARE_LIST_ID", default="")
CLOUDFLARE_API_URL = env.str("CLOUDFLARE_API_URL", default="https://api.cloudflare.com/client/v4")
CLOUDFLARE_TIMEOUT = env.float("CLOUDFLARE_TIMEOUT", default=15.0)
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_REQUEST_BYTES", default=10 * 1024 * 1024)
# How long a body may take to arrive, and how much of all bodies together a web process keeps in memory.
MAX_BODY_SECONDS = env.float("MAX_BODY_SECONDS", default=20.0)
MAX_BUFFERED_BYTES = env.int("MAX_BUFFERED_BYTES", default=256 * 1024 * 1024)
# Requests a minute: of an address without a valid token, with one token (per web process); new charges of an address,
# and of a client key. 0 is no limit.
LIMIT_STRANGERS = env.int("LIMIT_STRANGERS", default=60)
LIMIT_PARTNERS = env.int("LIMIT_PARTNERS", default=6000)
LIMIT_DRIVERS = env.int("LIMIT_DRIVERS", default=120)
LIMIT_CLIENTS = env.int("LIMIT_CLIENTS", default=300)
# Requests that a web process works on at a time; each uses one database connection at most.
WEB_THREADS = env.int("WEB_THREADS", default=8)
# Pushes that a web process has received and not stored yet: on a disk that outlives the process.
SPOOL_DIR = env.str("SPOOL_DIR", default=str(VAR_DIR / "spool"))
# What processes count, in files that those of one host share (empty: each for itself), and who may read it: whoever has
# the token, or comes from one of these networks and through no proxy.
METRICS_DIR = env.str("METRICS_DIR", default=str(VAR_DIR / "metrics"))
METRICS_TOKEN, METRICS_NETWORKS = env.str("METRICS_TOKEN", default=""), env.list("METRICS_NETWORKS", default=[])
# Health says so when less of the disk is left for them, in megabytes.
HEALTH_DISK_FREE_MB = env.int("HEALTH_DISK_FREE_MB", default=512)
_keys = required_in_production("FIELD_ENCRYPTION_KEYS", lambda: local_secret(VAR_DIR, "encryption-key"))
FIELD_ENCRYPTION_KEYS = [key.strip() for key in _keys.split(",") if key.strip()]

# --- What is watched for --------------------------------------------------------------------------------------
DETECT_WINDOW_MINUTES = env.int("DETECT_WINDOW_MINUTES", default=15)
DETECT_QUIET_HOURS = env.int("DETECT_QUIET_HOURS", default=24)
DETECT_SILENCE_HOURS = env.int("DETECT_SILENCE_HOURS", default=24)
DETECT_ERROR_RATE = env.float("DETECT_ERROR_RATE", default=0.2)
DETECT_CLOCK_SKEW_SECONDS = env.int("DETECT_CLOCK_SKEW_SECONDS", default=30)
DETECT_CERTIFICATE_DAYS = env.int("DETECT_CERTIFICATE_DAYS", default=21)

# --- Drivers and money ----------------------------------------------------------------------------------------
PUBLIC_BASE_URL = env.str(
    "PUBLIC_BASE_URL", default="https://charge.smartfuelpass.com" if PRODUCTION else "http://127.0.0.1:8000"
)
# How long a CPO's link to its onboarding page opens it, unless staff choose otherwise.
PARTNER_LINK_DAYS = env.int("PARTNER_LINK_DAYS", default=30)
PAYMENT_GATEWAY = env.str("PAYMENT_GATEWAY", default="simulated")
# Other gateways for some charges: `channel=terminal:acquirer,currency=CZK&partner=ion:stripe`; the first that fits.
PAYMENT_ROUTES = env.list("PAYMENT_ROUTES", default=[])
# On receipts: who sells (name; address; numbers), series (`SFP,CZ=SFPCZ`); and days that an address for one is known.
RECEIPT_SELLER = env.str("RECEIPT_SELLER", default=OCPI_BUSINESS_NAME).split(";")
RECEIPT_SERIES, RECEIPT_ADDRESS_DAYS = env.list("RECEIPT_SERIES", default=["SFP"]), env.int("RECEIPT_ADDRESS_DAYS", 30)
# Days that personal data is kept: mails; contacts of CPOs after their off-boarding; from where links were opened;
# meter values of charges that ended; failed logins.
MAIL_DAYS, CONTACT_DAYS = env.int("MAIL_DAYS", default=180), env.int("CONTACT_DAYS", default=365)
LINK_ADDRESS_DAYS, SAMPLE_DAYS = env.int("LINK_ADDRESS_DAYS", default=90), env.int("SAMPLE_DAYS", default=730)
FAILED_LOGIN_DAYS = env.int("FAILED_LOGIN_DAYS", default=30)
# Stripe's secret key, and what it signs its events with (two, separated by a comma, while one is replaced).
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.list("STRIPE_WEBHOOK_SECRET", default=[])
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
# A terminal operator's back end, and that of our own app and cards: where they are, and the secrets that calls, answers
# and events are signed with (two, separated by a comma, while one is replaced).
TERMINAL_URL, TERMINAL_SECRETS = env.str("TERMINAL_URL", default=""), env.list("TERMINAL_SECRETS", default=[])
ACCOUNT_URL, ACCOUNT_SECRETS = env.str("ACCOUNT_URL", default=""), env.list("ACCOUNT_SECRETS", default=[])
RESERVATION_CURRENCY = env.str("RESERVATION_CURRENCY", default="EUR")
# Milliseconds that the simulated gateway takes for an answer that it does not give at once.
SIMULATED_GATEWAY_DELAY_MS = env.int("SIMULATED_GATEWAY_DELAY_MS", default=800)

# --- Mail -----------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
if STAGING:
    EMAIL_BACKEND = "sfp_platform.configuration.staging.NoMail"
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="techsupport@smartfuelpass.com")
# Beside the address on drivers' pages; a link is left out while it is empty.
SUPPORT_PHONE = env.str("SUPPORT_PHONE", default="")
TERMS_URL, PRIVACY_URL = env.str("TERMS_URL", default=""), env.str("PRIVACY_URL", default="")
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="techsupport@smartfuelpass.com")

# --- Logging --------------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_JSON = env.bool("LOG_JSON", default=PRODUCTION)
# Where errors and traces go, if anywhere; both need `requirements/telemetry.txt`.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
LOGGING_CONFIG = "sfp_platform.configuration.logs.configure"
LOGGING: dict[str, Any] = {"level": LOG_LEVEL, "json": LOG_JSON}

# --- Staff: login, second factor, history ---------------------------------------------------------------------
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
ADMIN_SECOND_FACTOR_REQUIRED = env.bool("ADMIN_SECOND_FACTOR_REQUIRED", default=PRODUCTION)
OTP_TOTP_ISSUER = "Smart Fuel Pass" if PRODUCTION else "Smart Fuel Pass (development)"
ADMIN_LOCKOUT_MINUTES = env.int("ADMIN_LOCKOUT_MINUTES", default=15)
AXES_FAILURE_LIMIT = env.int("ADMIN_LOGIN_FAILURES", default=5)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = timedelta(minutes=ADMIN_LOCKOUT_MINUTES)
# A try while locked out does not lock out longer: the page has said when it ends.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "ocpi.server.authentication.source_address"
AXES_LOCKOUT_CALLABLE = "partners.people.lockout.answer_locked"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AUDITLOG_LOGENTRY_MODEL = "partners.HistoryEntry"
# Its rows are ours: its own migrations would make a table that nobody uses.
MIGRATION_MODULES = {"auditlog": None}
AUDITLOG_CID_HEADER = None

# --- Admin ----------------------------------------------------------------------------------------------------
# What the admin's pages may run: `enforce`, `report` (the browser's console tells what would be refused) or `off`.
ADMIN_CSP = env.str("ADMIN_CSP", default="enforce")
# `https://tiles.example/{z}/{x}/{y}.png`; without one the map has positions on plain ground and calls nobody.
MAP_TILES_URL = env.str("MAP_TILES_URL", default="")
MAP_ATTRIBUTION = env.str("MAP_ATTRIBUTION", default="")
UNFOLD = {
    "SITE_TITLE": "Smart Fuel Pass",
    "SITE_HEADER": "Smart Fuel Pass",
    "SITE_SUBHEADER": f"Integration platform {__version__}",
    "SITE_SYMBOL": "ev_station",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "sfp_platform.admin.navigation.environment_label",
    "ACCOUNT": {"navigation": "sfp_platform.admin.navigation.own_account"},
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("driver/icon.svg")},
    ],
    "COLORS": {"primary": GREEN},
    "STYLES": [lambda _request: static("support/support.css")],
    "SCRIPTS": [lambda _request: static("support/support.js")],
    "DASHBOARD_CALLBACK": "sfp_platform.admin.dashboard.dashboard",
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "sfp_platform.admin.navigation.navigation"},
    "COMMAND": {"search_callback": "sfp_platform.admin.search.search"},
}
