"""Every kind of journal the system can write; docs/money.md shows each with an example.

A kind's words are stored with each journal: short, and for people who read the books themselves.
"""

from enum import StrEnum


class JournalKind(StrEnum):
    PAYMENT = "payment"
    LATE_PAYMENT = "late_payment"
    CHARGE = "charge"
    CHARGE_REVERSAL = "charge_reversal"
    HOLD = "hold"
    HOLD_CAPTURE = "hold_capture"
    HOLD_RELEASE = "hold_release"
    HOLD_EXPIRY = "hold_expiry"
    ADJUSTMENT = "adjustment"
    PROMO_GRANT = "promo_grant"
    PROMO_EXPIRY = "promo_expiry"
    REFUND_RESERVED = "refund_reserved"
    REFUND = "refund"
    REFUND_RETURNED = "refund_returned"
    CABINET_REFUND = "cabinet_refund"
    LATE_REFUND = "late_refund"
    REFUND_TO_BALANCE = "refund_to_balance"


WORDS = {
    JournalKind.PAYMENT: "Payment received",
    JournalKind.LATE_PAYMENT: "Payment received after it was given up",
    JournalKind.CHARGE: "Charged from the balance",
    JournalKind.CHARGE_REVERSAL: "Charge reversed",
    JournalKind.HOLD: "Held on the balance",
    JournalKind.HOLD_CAPTURE: "Charged from a hold",
    JournalKind.HOLD_RELEASE: "Hold released",
    JournalKind.HOLD_EXPIRY: "Hold expired",
    JournalKind.ADJUSTMENT: "Credited by hand",
    JournalKind.PROMO_GRANT: "Promotional money given",
    JournalKind.PROMO_EXPIRY: "Promotional money expired",
    JournalKind.REFUND_RESERVED: "Set aside for a refund",
    JournalKind.REFUND: "Refunded to the card",
    JournalKind.REFUND_RETURNED: "Refund not made, back on the balance",
    JournalKind.CABINET_REFUND: "Refunded in the provider's cabinet",
    JournalKind.LATE_REFUND: "Refunded after it was given up",
    JournalKind.REFUND_TO_BALANCE: "Refunded to the balance",
}
