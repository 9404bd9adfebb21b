"""What all pages share: templates, language, links that keep nginx's prefix, security headers."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.words import LANGUAGES, WORDS, Said, reason_phrase, say

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+){0,8}", re.ASCII)
_PLAIN_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language(request: Request, locale: str | None = None, chosen: str | None = None) -> str:
    """Chosen on the page, else what the shop asked for, else Russian."""
    asked = chosen or request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    return "en" if locale == "en_US" else "ru"


def prefix(request: Request) -> str:
    """What nginx has stripped."""
    given = request.headers.get("x-forwarded-prefix", "").rstrip("/")
    return given if _PREFIX.fullmatch(given) else ""


def render(
    request: Request,
    template: str,
    *,
    lang: str,
    status: int = 200,
    leads_to: str | None = None,
    **values: Any,
) -> Response:
    """A page that brings nothing from elsewhere and is never kept."""

    def word(key: str, **parts: str) -> Said:
        said = say(WORDS[key], lang)
        return Said(said.first.format(**parts), said.second.format(**parts), said.second_lang)

    page = _TEMPLATES.get_template(template).render(
        lang=lang,
        prefix=prefix(request),
        word=word,
        both=_both,
        reason=lambda code: say(reason_phrase(code), lang),
        **values,
    )
    headers = {
        "Content-Security-Policy": _policy(leads_to),
        "Cache-Control": "no-store",
        "Content-Language": lang,
    }
    return HTMLResponse(page, status, headers)


def see_other(url: str) -> Response:
    """303 to the address as it was given; only what no header can carry is escaped."""
    ascii_url = "".join(char if " " < char < "\x7f" else quote(char) for char in url)
    return Response(status_code=303, headers={"Location": ascii_url, "Cache-Control": "no-store"})


def _both(said: Said) -> Markup:
    """The reader's language, and the other beside it."""
    return Markup('<span>{}</span> <span class="alt" lang="{}">{}</span>').format(
        said.first, said.second_lang, said.second
    )


def _policy(leads_to: str | None) -> str:
    """Browsers hold form-action against the redirect after a POST as well, so the shop's origin
    has to be in it."""
    targets = ["'self'"]
    if leads_to:
        parts = urlsplit(leads_to)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        # An address in brackets cannot be written in a policy: then the scheme alone.
        targets.append(origin if _PLAIN_ORIGIN.fullmatch(origin) else f"{parts.scheme}:")
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {' '.join(targets)}"
    )
