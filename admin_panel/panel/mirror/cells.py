"""How one value looks on a page: badges, links, short ids, signed money."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.admin.utils import quote
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from panel.mirror.models import Payment, PaymentStatus, Person
from panel.site.display import NOTHING, money
from panel.site.wording import say

STATUS_COLOURS: dict[str, str] = {
    PaymentStatus.PENDING: "warning",
    PaymentStatus.WAITING: "info",
    PaymentStatus.SUCCEEDED: "success",
    PaymentStatus.CANCELED: "danger",
}


def address(model: str, pk: Any) -> str:
    """Where a mirrored row's page is."""
    return reverse(f"admin:mirror_{model}_change", args=[quote(pk)])


def badge(text: Any, colour: str = "") -> SafeString:
    """Unfold's coloured label."""
    context = {"label": str(text), "label_type": colour}
    return SafeString(render_to_string("unfold/helpers/display_label.html", context).strip())


def status_badge(payment: Payment) -> SafeString:
    """The state in colour, and beside it what needs an eye."""
    labels = [badge(payment.get_status_display(), STATUS_COLOURS.get(payment.status, ""))]
    if payment.undecided:
        labels.append(badge(say("не определён", "undecided"), "danger"))
    if payment.quarantine_reason:
        labels.append(badge(say("на проверке", "in review"), "danger"))
    return format_html_join(" ", "{}", ((label,) for label in labels))


def short_id(pk: UUID | str) -> str:
    """Enough of an id to recognise it; ids of one millisecond differ at the end, so show both."""
    text = str(pk)
    return f"{text[:8]}…{text[-4:]}" if len(text) > 16 else text


def link(url: str, text: Any, *, title: str = "", mono: bool = False) -> SafeString:
    """An anchor in the admin's colours."""
    return format_html(
        '<a href="{}" title="{}" class="panel-link{}">{}</a>',
        url,
        title,
        " panel-mono" if mono else "",
        text,
    )


def payment_link(pk: UUID | None) -> SafeString | str:
    """A payment's page by its id."""
    if pk is None:
        return NOTHING
    return link(address("payment", pk), short_id(pk), title=str(pk), mono=True)


def customer(row: Any) -> SafeString | str:
    """Whose a row is: a person's name, or their id as long as auth's feed has not told it.

    A program has no page of its own: its id leads to its payments.
    """
    if row.program_id is not None:
        payments = (
            f"{reverse('admin:mirror_payment_changelist')}?{urlencode({'q': row.program_id})}"
        )
        return link(payments, row.program_id, title=str(say("программа", "a program")), mono=True)
    if row.person_id is None:
        return NOTHING
    if (person := known(row)) is None:
        title = say("ещё не известен", "not known yet")
        return format_html(
            '<span class="panel-mono" title="{}">{}</span>', title, short_id(row.person_id)
        )
    return link(address("person", person.pk), person.username, title=person.email)


def known(row: Any) -> Person | None:
    """The person of a row fetched with select_related, or None where the mirror has none yet."""
    cached = row._state.fields_cache.get("person")  # noqa: SLF001 - the documented place
    return cached if isinstance(cached, Person) else None


def signed_money(minor: int, currency: str) -> SafeString:
    """A posting: what an account receives is green and has its plus."""
    text = money(minor, currency)
    sign, colour = ("+", "panel-plus") if minor > 0 else ("", "panel-minus")
    return format_html('<span class="panel-money {}">{}{}</span>', colour, sign, text)


def plain_money(minor: int | None, currency: str) -> SafeString:
    """An amount whose digits line up under each other."""
    return format_html('<span class="panel-money">{}</span>', money(minor, currency))


def as_stored(text: str | None) -> SafeString | str:
    """What a service wrote, in its own language, in small print: pages say the same in words."""
    if not text:
        return NOTHING
    language = "en" if text.isascii() else "ru"
    return format_html('<span class="panel-beside" lang="{}">{}</span>', language, text)


def mono(text: Any) -> SafeString | str:
    """An id in full."""
    return format_html('<span class="panel-mono">{}</span>', text) if text else NOTHING
