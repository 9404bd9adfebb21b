"""The SDK is the vocabulary: its words, the sandbox's and ours are held against each other.

Where the provider may add words, ours take any; here only what is known has to agree.
"""

import re
from pathlib import Path

import pytest
from yookassa.domain import exceptions
from yookassa.domain.common import ConfirmationType, PaymentMethodType
from yookassa.domain.errors.error_code import ErrorCode
from yookassa.domain.models.cancellation_details import (
    CancellationDetailsPartyCode,
    CancellationDetailsReasonCode,
    RefundCancellationDetailsReasonCode,
)
from yookassa.domain.notification import WebhookNotificationEventType

from billing.gateway.yookassa.wire import read_payment
from billing.payments.rules import PaymentStatus, read_status
from billing.routes import pages
from sandbox import cards, creation, errors, refunds, words

CANCELED = {"id": "p", "status": "canceled"}


def of(enum: type) -> set[str]:
    """The SDK keeps its words as plain attributes."""
    known = {value for name, value in vars(enum).items() if name.isupper()}
    assert known
    return known - {"unknown"}


REASONS = of(CancellationDetailsReasonCode)


def test_our_states_are_the_first_and_those_that_have_an_event():
    """The SDK has no list of a payment's states but the events that end in them."""
    events = [event.partition(".") for event in of(WebhookNotificationEventType)]
    states = {state for noun, _, state in events if noun == "payment"}
    assert states | {"pending"} == set(PaymentStatus)


@pytest.mark.parametrize("word", ["in_review", "", "Succeeded", "unknown"])
def test_a_state_that_nobody_knows_is_none_of_ours(word):
    assert read_status(word) is None


def test_every_reason_and_party_is_read_as_it_is():
    for party in (*of(CancellationDetailsPartyCode), "central_bank"):
        for reason in (*REASONS, "moon_phase"):
            details = {"party": party, "reason": reason}
            read = read_payment({**CANCELED, "cancellation_details": details})
            assert (read.cancellation_party, read.cancellation_reason) == (party, reason)


def test_the_sandbox_declines_for_the_sdk_s_reasons():
    assert set(cards.REASONS) == REASONS
    assert {outcome.result for outcome in cards.CARDS.values()} <= REASONS | {cards.SUCCESS}
    assert {cards.party_of(reason) for reason in REASONS} <= of(CancellationDetailsPartyCode)


def test_the_sandbox_cancels_refunds_for_the_sdk_s_reasons():
    assert set(refunds.REASONS) == of(RefundCancellationDetailsReasonCode)
    parties = {refunds.party_of(reason) for reason in refunds.REASONS}
    assert parties == {"yoo_money", "refund_network"} <= of(CancellationDetailsPartyCode)


def test_people_are_told_of_no_reason_that_does_not_exist():
    """A word misspelt on a page would never be shown, and nobody would notice."""
    assert set(words.REASONS) - {"success", "success_3ds"} <= REASONS
    script = Path(pages.__file__).parent / "static" / "texts.js"
    tables = re.findall(r"reasons: \{(.*?)\}", script.read_text(), re.DOTALL)
    told = [set(re.findall(r'^\s*"?(\w+)"?:', table, re.MULTILINE)) for table in tables]
    assert len(told) == 2
    assert told[0] == told[1]
    assert "other" in told[0]
    assert told[0] - {"other"} <= REASONS


def test_the_sandbox_s_methods_and_confirmations_are_the_sdk_s():
    assert set(creation.METHODS) <= of(PaymentMethodType)
    assert set(creation.CONFIRMATIONS) == of(ConfirmationType)


def test_the_sandbox_s_codes_are_those_the_sdk_has_an_exception_for():
    classes = [getattr(exceptions, name) for name in dir(exceptions) if name.endswith("Error")]
    statuses = {error.HTTP_CODE for error in classes} - {0, 202}
    assert statuses == {400, 401, 403, 404, 410, 429, 500}
    codes = {errors.CODES[status] for status in statuses}
    # `error` and `refusal` stand in the SDK's list, and no documentation tells when they come.
    assert of(ErrorCode) - codes == {"error", "refusal"}
    assert codes <= of(ErrorCode)
