"""How the admin looks: unfold's settings, the sidebar, the colours."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

from panel.site.wording import say


def _item(russian: str, english: str, icon: str, url_name: str, permission: str) -> dict[str, Any]:
    def allowed(request: HttpRequest) -> bool:
        return not permission or request.user.has_perm(permission)

    return {
        "title": say(russian, english),
        "icon": icon,
        "link": reverse_lazy(url_name),
        "permission": allowed,
    }


def _mirror(russian: str, english: str, icon: str, model: str) -> dict[str, Any]:
    return _item(russian, english, icon, f"admin:mirror_{model}_changelist", f"mirror.view_{model}")


def environment_badge(_request: HttpRequest) -> list[Any] | None:
    """A coloured word beside the user menu, so that nobody mistakes the stand for production."""
    from django.conf import settings

    if settings.PRODUCTION:
        return None
    return [say("Разработка", "Development"), "warning"]


_NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [_item("Обзор", "Overview", "monitoring", "admin:index", "")],
    },
    {
        "title": say("Деньги", "Money"),
        "separator": True,
        "items": [
            _mirror("Платежи", "Payments", "credit_card", "payment"),
            _mirror("Балансы", "Balances", "account_balance_wallet", "balance"),
            _mirror("Проводки", "Journals", "receipt_long", "journal"),
            _mirror("Строки проводок", "Journal lines", "format_list_numbered", "journalline"),
        ],
    },
    {
        "title": say("Люди", "People"),
        "separator": True,
        "items": [
            _mirror("Клиенты", "Customers", "group", "person"),
            _item(
                "Сотрудники",
                "Staff",
                "badge",
                "admin:staff_staffaccount_changelist",
                "staff.view_staffaccount",
            ),
        ],
    },
    {
        "title": say("Синхронизация", "Sync"),
        "separator": True,
        "items": [
            _mirror("Ленты изменений", "Change feeds", "sync", "feedcursor"),
            _mirror("Отклонённые записи", "Set aside", "report", "rejectedchange"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": say("Панель платежей", "Payments admin"),
    "SITE_HEADER": say("Панель платежей", "Payments admin"),
    "SITE_SUBHEADER": say("Payments admin", "Панель платежей"),
    "SITE_SYMBOL": "payments",
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("dashboard/favicon.svg"),
        },
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "panel.site.theme.environment_badge",
    "DASHBOARD_CALLBACK": "panel.dashboard.views.dashboard_context",
    "STYLES": [lambda _request: static("dashboard/panel.css")],
    "LOGIN": {"form": "panel.staff.forms.SignInForm"},
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "oklch(97.3% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(70.7% .165 254.6)",
            "500": "oklch(62.3% .214 259.8)",
            "600": "oklch(54.6% .245 262.9)",
            "700": "oklch(48.8% .243 264.4)",
            "800": "oklch(42.4% .199 265.6)",
            "900": "oklch(37.9% .146 265.5)",
            "950": "oklch(28.2% .091 267.9)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": _NAVIGATION,
    },
}
