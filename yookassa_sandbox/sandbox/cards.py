"""Test cards of the provider and what a bank says to each."""

from typing import Any, NamedTuple

SUCCESS = "success"
REASONS = (
    "3d_secure_failed",
    "call_issuer",
    "card_expired",
    "fraud_suspected",
    "general_decline",
    "insufficient_funds",
    "invalid_card_number",
    "invalid_csc",
    "issuer_unavailable",
    "payment_method_limit_exceeded",
    "payment_method_restricted",
    "country_forbidden",
    "internal_timeout",
    "rejected_by_timeout",
    "identification_required",
    "permission_revoked",
    "canceled_by_merchant",
    "expired_on_confirmation",
    "expired_on_capture",
    "unsupported_mobile_operator",
    "deal_expired",
    "loan_declined",
    "loan_declined_by_payer",
    "loan_application_expired",
)
_PARTIES = {
    "country_forbidden": "yoo_money",
    "expired_on_confirmation": "yoo_money",
    "expired_on_capture": "yoo_money",
    "internal_timeout": "yoo_money",
    "identification_required": "yoo_money",
    "deal_expired": "yoo_money",
    "canceled_by_merchant": "merchant",
}


class Outcome(NamedTuple):
    """What happens when this number is charged."""

    result: str
    three_ds: bool = False
    party: str = "payment_network"


_ROWS: dict[str, tuple[str, str, str]] = {
    "3d_secure_failed": ("5555555555554592", "4839665499603842", "2200000000000012"),
    "call_issuer": ("5555555555554535", "4926946416239025", "2200000000000020"),
    "card_expired": ("5555555555554543", "4141435412630840", "2200000000000038"),
    "fraud_suspected": ("5555555555554568", "4483274282299972", "2200000000000046"),
    "general_decline": ("5555555555554527", "4889971706588753", "2202202212312379"),
    "insufficient_funds": ("5555555555554600", "4562265587712390", "2200000000000053"),
    "invalid_card_number": ("5555555555554618", "4951017853630544", "2201382000000013"),
    "invalid_csc": ("5555555555554626", "4194180666146368", "2200770212727079"),
    "issuer_unavailable": ("5555555555554501", "4654130848359150", "2201382000000021"),
    "payment_method_limit_exceeded": ("5555555555554576", "4565231022577548", "2201382000000039"),
    "payment_method_restricted": ("5555555555554550", "4233961169071671", "2201382000000047"),
    "country_forbidden": ("5555555555554584", "4969751510013864", "2201382000000054"),
}
CARDS: dict[str, Outcome] = {
    number: Outcome(reason, reason == "3d_secure_failed", _PARTIES.get(reason, "payment_network"))
    for reason, numbers in _ROWS.items()
    for number in numbers
}
for _number in ("5555555555554634", "4119098878796485", "2201696981989955"):
    CARDS[_number] = Outcome("fraud_suspected", party="yoo_money")
for _number in ("5555555555554477", "4793128161644804", "2200000000000004"):
    CARDS[_number] = Outcome(SUCCESS, three_ds=True)
for _number in (
    *("5555555555554444", "4111111111111111", "2202474301322987"),
    *("6759649826438453", "4175001000000017", "370000000000002"),
    *("3528000700000000", "36700102000000"),
):
    CARDS[_number] = Outcome(SUCCESS)

DEFAULT_CARD = "5555555555554444"


def outcome(number: str) -> Outcome:
    """A number that is not a test card is refused, as a test shop does."""
    return CARDS.get(number, Outcome("invalid_card_number"))


def party_of(reason: str) -> str:
    """Who says no for this reason."""
    return _PARTIES.get(reason, "payment_network")


def describe(number: str, month: str, year: str) -> dict[str, Any]:
    """The `card` of an answer: all that is ever kept of a number."""
    card_type, product = _type(number)
    return {
        "first6": number[:6],
        "last4": number[-4:],
        "expiry_year": year,
        "expiry_month": month,
        "card_type": card_type,
        "card_product": {"code": product},
        "issuer_country": "RU",
        "issuer_name": "Sandbox Bank",
    }


_TYPES = (
    (("2200", "2201", "2202", "2203", "2204"), "Mir", "MIR"),
    (("34", "37"), "AmericanExpress", "AX"),
    (("35",), "JCB", "JC"),
    (("30", "36", "38"), "DinersClub", "DC"),
    (("4",), "Visa", "F"),
    (("2", "5", "6"), "MasterCard", "MCS"),
)


def _type(number: str) -> tuple[str, str]:
    for beginnings, card_type, product in _TYPES:
        if number.startswith(beginnings):
            return card_type, product
    return "Unknown", "U"
