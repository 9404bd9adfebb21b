"""Turns templates into answers: the reader's language, the content policy, addresses of assets.

Every HTML answer of the suite's own pages is made here, so none can leave without its policy.
"""

from functools import partial
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from billing.routes.pages.assets import asset_url
from billing.routes.pages.wording import format_amount

# Pages run only their own files: no inline code, nothing from other hosts, never in a frame.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LANGUAGES = ("ru", "en")
LANGUAGE_COOKIE = "lang"
YEAR_SECONDS = 365 * 24 * 3600

templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals["asset"] = asset_url
templates.filters["amount"] = format_amount


def choose(lang: str, ru: str, en: str) -> str:
    """The wording in the reader's language; the two stand side by side in the templates."""
    return ru if lang == "ru" else en


def beside(lang: str, en: str) -> Markup:
    """Small English text for a Russian page; an English page already says it."""
    if lang != "ru":
        return Markup("")
    return Markup('<small class="beside" lang="en">{}</small>').format(en)


def language_of(request: Request) -> str:
    """Russian unless the reader chose otherwise: by the address first, then by the cookie."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return LANGUAGES[0]


def render(
    request: Request, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    lang = language_of(request)
    text = templates.get_template(template).render(
        lang=lang,
        path=request.url.path,
        t=partial(choose, lang),
        beside=partial(beside, lang),
        **context,
    )
    answer = HTMLResponse(
        text,
        status_code=status,
        headers={
            "Content-Security-Policy": CONTENT_POLICY,
            "Cache-Control": "no-store",
            "Content-Language": lang,
        },
    )
    if request.query_params.get("lang") in LANGUAGES:
        # A cookie and not local storage: the server renders the words, also without JavaScript.
        answer.set_cookie(
            LANGUAGE_COOKIE,
            lang,
            max_age=YEAR_SECONDS,
            samesite="lax",
            httponly=True,
            secure=request.url.scheme == "https",
        )
    return answer


def busy(request: Request) -> HTMLResponse:
    answer = render(request, "busy.html", status=503)
    answer.headers["Retry-After"] = "5"
    return answer


def not_found(request: Request) -> HTMLResponse:
    return render(request, "not_found.html", status=404)
