"""Django's settings, drawn from the environment object; nothing here reads variables itself."""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from pydantic import PostgresDsn

from panel.environment import Environment, read_environment, var_dir
from panel.site.logs import configure_structlog, logging_config
from panel.site.theme import UNFOLD  # noqa: F401

ENVIRONMENT: Environment = read_environment()
PRODUCTION = ENVIRONMENT.environment == "production"
DEBUG = False
SECRET_KEY = ENVIRONMENT.admin_secret_key

# -- Where we are reached --------------------------------------------------------------------
BASE_URL = ENVIRONMENT.base_url.rstrip("/")
ALLOWED_HOSTS = [ENVIRONMENT.host, "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
USE_X_FORWARDED_HOST = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ROOT_URLCONF = "panel.urls"
WSGI_APPLICATION = "panel.wsgi.application"
APPEND_SLASH = True

# -- The neighbours --------------------------------------------------------------------------
AUTH_URL = ENVIRONMENT.auth_url.rstrip("/")
BILLING_URL = ENVIRONMENT.billing_url.rstrip("/")
TOKEN_ISSUER = ENVIRONMENT.token_issuer
TOKEN_AUDIENCE = ENVIRONMENT.token_audience
SERVICE_CLIENT_ID = ENVIRONMENT.service_client_id
SERVICE_CLIENT_SECRET = ENVIRONMENT.service_client_secret
CA_FILE = ENVIRONMENT.ca_file
BUSINESS_CLOCK_FILE = ENVIRONMENT.business_clock_file

INSTALLED_APPS = [
    "panel.dashboard",  # before unfold: its first page wins
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "panel.site",
    "panel.mirror",
    "panel.sync",
    "panel.actions",
    "panel.staff",  # last: its groups need everybody's permissions
]

MIDDLEWARE = [
    "panel.site.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def _database(url: str) -> dict[str, object]:
    """postgresql:// as Django wants it; connections are kept and checked before use."""
    host = PostgresDsn(url or "postgresql://admin@127.0.0.1:5432/admin").hosts()[0]
    path = PostgresDsn(url or "postgresql://admin@127.0.0.1:5432/admin").path or "/admin"
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": path.lstrip("/"),
        "USER": host["username"] or "",
        "PASSWORD": host["password"] or "",
        "HOST": host["host"] or "",
        "PORT": host["port"] or 5432,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "admin", "connect_timeout": 5},
    }


DATABASES = {"default": _database(ENVIRONMENT.admin_database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Who signs in ----------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "panel.staff.backend.AuthServiceBackend",
    "django.contrib.auth.backends.ModelBackend",  # the local superuser, for the day auth is down
]
LOGIN_URL = "admin:login"
# Whoever signs in without having asked for a page lands on the first one.
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
]
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_NAME = "panel_session"
SESSION_COOKIE_PATH = "/admin_panel/"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "panel_csrf"
CSRF_COOKIE_PATH = "/admin_panel/"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

# nginx adds these to every answer; twice would be a different header.
SECURE_CONTENT_TYPE_NOSNIFF = False
SECURE_REFERRER_POLICY = None
# Alpine inside unfold evaluates expressions and sets styles, hence the two exceptions.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    },
}

# -- Words, time, files ----------------------------------------------------------------------
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", "Русский"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "panel_language"
LANGUAGE_COOKIE_PATH = "/admin_panel/"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Moscow"
STATIC_URL = "/static/"
STATIC_ROOT = var_dir() / "static"
WHITENOISE_MAX_AGE = 600

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config()
configure_structlog()
