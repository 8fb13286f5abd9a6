"""Every setting of the portal, in one typed, environment-driven file. docs/operations.md lists them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.functional import lazy

from metered.lib import env, hour_words, hours
from metered.returns import recycling

BASE_DIR = Path(__file__).resolve().parents[2]

# --- What this process is ------------------------------------------------------------------------
DEBUG = env.flag("METERED_DEBUG", False)
DEMO = env.flag("METERED_DEMO", False)
SECRET_KEY = env.text("METERED_SECRET_KEY", "insecure-and-only-for-development" if DEBUG or DEMO else None)
SITE_URL = env.text("METERED_SITE_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.words("METERED_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("METERED_TRUSTED_ORIGINS", SITE_URL if HTTPS else "")
INTERNAL_PROXY = env.flag("METERED_BEHIND_PROXY", False)

ROOT_URLCONF = "metered.config.urls"
WSGI_APPLICATION = "metered.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
SITE_ID = 1

INSTALLED_APPS = [
    "metered.accounts",
    "metered.notify",
    "metered.fleet",
    "metered.reads",
    "metered.stock",
    "metered.replenishment",
    "metered.orders",
    "metered.returns",
    "metered.portal",
    "metered.config.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "metered.config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "metered.portal.middleware.HtmxSignInMiddleware",
    "metered.accounts.middleware.ViewerMiddleware",
]

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
                "metered.portal.context.portal",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- PostgreSQL: the truth -----------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/metered")
DATABASES = {
    "default": {
        **env.database(DATABASE_URL),
        # The web process keeps its connection (10 ms a request otherwise); workers close theirs.
        "CONN_MAX_AGE": env.integer("METERED_CONN_MAX_AGE", 0),
        "CONN_HEALTH_CHECKS": True,
    }
}

# --- Valkey/Redis: wake-ups, cache, sessions' front ----------------------------------------------
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHE_URL, BROKER_URL = env.redis_urls(REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "metered.lib.cache.ForgivingRedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "metered",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}
SESSION_ENGINE = "metered.accounts.sessions"
SESSION_COOKIE_AGE = int(env.duration("METERED_SESSION_AGE", "14d").total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "metered.portal.views.errors.csrf_failure"

# --- Celery only wakes the worker; see metered/config/schedule.py --------------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
# Above the longest task (600 s); redelivery after a worker's kill -9 is the sweep's work anyway.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "socket_keepalive": True,
    # Who publishes does not wait for a broker that is away; worker and beat have loops of their own.
    "max_retries": 0,
}
SWEEP_EVERY = env.duration("METERED_SWEEP_EVERY", "5s" if DEMO else "60s")

# --- Sign-in -------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "metered.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = env.text("METERED_OPERATOR_NAME", "Metered")
# Browsers allow passkeys on http://localhost; the library must be told.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
USERSESSIONS_TRACK_ACTIVITY = False
# Registrations (domain rule 2): tries an hour, by network and by the e-mail address that is given.
REGISTRATIONS_PER_NETWORK = env.integer("METERED_REGISTRATIONS_PER_NETWORK", 20)
REGISTRATIONS_PER_ADDRESS = env.integer("METERED_REGISTRATIONS_PER_ADDRESS", 5)
# Returns of people who are not signed in: the same.
RETURNS_PER_NETWORK = env.integer("METERED_RETURNS_PER_NETWORK", 20)
RETURNS_PER_ADDRESS = env.integer("METERED_RETURNS_PER_ADDRESS", 5)
# Tries an hour to enrol a device agent, by network.
ENROLMENTS_PER_NETWORK = env.integer("METERED_ENROLMENTS_PER_NETWORK", 30)
INVITATIONS_PER_DAY = env.integer("METERED_INVITATIONS_PER_DAY", 100)
# Sign-in limits count by the address of the person, not of the proxy before us.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if INTERNAL_PROXY else 0

# --- Security headers ----------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS and not INTERNAL_PROXY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if INTERNAL_PROXY else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 9 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
# Django bounds what is no file; the first handler bounds the rest by the same size.
FILE_UPLOAD_HANDLERS = [
    "metered.lib.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- API -----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": {
        "telemetry": env.text("METERED_TELEMETRY_RATE", "120/min"),
        "customer": env.text("METERED_API_RATE", "120/min"),
    },
    "EXCEPTION_HANDLER": "metered.lib.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Metered",
    "DESCRIPTION": "What printers and device agents send, and what the portal answers.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "ReturnState": "metered.returns.serializers.STATES",
        "SupplyState": "metered.reads.serializers.STATES",
    },
}
MINIMUM_AGENT_VERSION = env.text("METERED_MINIMUM_AGENT_VERSION", "0.1.0")
# The front proxy's header that names the TLS version of a connection, such as X-TLS-Version; empty: none.
TLS_VERSION_HEADER = env.text("METERED_TLS_VERSION_HEADER", "")

# --- Language, time ------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Each named in itself: who can't read the page must find their own.
LANGUAGES = [("en", "English"), ("es", "Español"), ("fr", "Français"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

# --- Files ---------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("METERED_STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Compressing every file takes over a minute: the image does it, the demo doesn't, tests need no manifest.
STATICFILES_STORAGE_KIND = env.text("METERED_STATIC_STORAGE", "manifest")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": {
            "plain": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "manifest": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
            "compressed": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        }[STATICFILES_STORAGE_KIND]
    },
}

# --- Mail ----------------------------------------------------------------------------------------
EMAIL_BACKEND = env.text(
    "METERED_EMAIL_BACKEND",
    "metered.notify.mailbox.DemoMailbox" if DEMO else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_HOST = env.text("METERED_EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("METERED_EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("METERED_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("METERED_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = env.flag("METERED_EMAIL_TLS", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("METERED_EMAIL_FROM", "Metered <supplies@example.com>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- The operator: nothing in the product carries a maker's brand (domain.md) -------------------
SUPPORT_HOURS = hours.parse(
    env.text("METERED_SUPPORT_HOURS", "Mon-Fri 07:30-19:00 America/New_York"),
    hours.holidays(env.text("METERED_SUPPORT_HOLIDAYS", "US")),
)
OPERATOR = {
    "name": env.text("METERED_OPERATOR_NAME", "Metered"),
    "phone": env.text("METERED_SUPPORT_PHONE", "1-800-000-0000"),
    "email": env.text("METERED_SUPPORT_EMAIL", "support@example.com"),
    "address": env.text("METERED_OPERATOR_ADDRESS", ""),
    "remote_help": env.text("METERED_REMOTE_HELP_URL", "https://example.com/remote-help" if DEMO else ""),
    # In the words of whoever reads it.
    "hours": lazy(hour_words.in_words, str)(SUPPORT_HOURS),
}
# Where open and used supplies go: "maker|name|https://…|note" by semicolons; the maker * is all others.
RECYCLING = recycling.programmes(
    part
    for part in env.text(
        "METERED_RECYCLING", "*|Take-back programme|https://example.com/recycling" if DEMO else ""
    ).split(";")
    if part.strip()
)
# Where returns are sent, a line each separated by "|"; the operator's own address without it.
RETURNS_ADDRESS = env.text(
    "METERED_RETURNS_ADDRESS",
    "Returns dock|200 Example Parkway|Rochester, NY 14623|United States"
    if DEMO
    else "|".join(str(OPERATOR[part]) for part in ("name", "address") if OPERATOR[part]),
).replace("|", "\n")
DESK_TIME_ZONE = env.text("METERED_DESK_TIME_ZONE", "America/New_York")

# --- Replenishment (replenishment.md part 2; every number is a dial) -----------------------------
ANNOUNCEMENT: dt.timedelta = env.duration("METERED_ANNOUNCEMENT", "45s" if DEMO else "24h")
REPLENISHMENT_RISK = env.number("METERED_RISK", 0.025)
REPLENISHMENT_JOIN_DAYS = env.integer("METERED_JOIN_DAYS", 42)
REPLENISHMENT_LEAD_DAYS = env.integer("METERED_LEAD_DAYS", 5)
TOLD_SHARE = env.number("METERED_TOLD_SHARE", 1.0)
# A count that was asked for is due after this; one older than that is asked for when something is ordered.
COUNT_WITHIN_DAYS = env.integer("METERED_COUNT_WITHIN_DAYS", 7)
COUNT_WHEN_ORDERING_DAYS = env.integer("METERED_COUNT_WHEN_ORDERING_DAYS", 60)
# --- Orders by hand (domain rules 17 and 18) -------------------------------------------------------
ORDER_LIMIT_DAYS = env.integer("METERED_ORDER_LIMIT_DAYS", 60)
ORDER_AGAIN_DAYS = env.integer("METERED_ORDER_AGAIN_DAYS", 14)
URGENT_LEAD_DAYS = env.integer("METERED_URGENT_LEAD_DAYS", 1)
# So many reported units of a line (wrong, damaged, …) are replaced at once; more waits for staff.
REPLACED_AT_ONCE = env.integer("METERED_REPLACED_AT_ONCE", 2)

# --- Silence -------------------------------------------------------------------------------------
SILENT_WARN_DAYS = env.integer("METERED_SILENT_WARN_DAYS", 3)
SILENT_ALERT_DAYS = env.integer("METERED_SILENT_ALERT_DAYS", 7)
SILENT_STAFF_DAYS = env.integer("METERED_SILENT_STAFF_DAYS", 30)
# An agent sends something every hour; a day without it is more than a short outage.
AGENT_SILENT_AFTER: dt.timedelta = env.duration("METERED_AGENT_SILENT_AFTER", "24h")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("METERED_LOG_LEVEL", "INFO")},
}
