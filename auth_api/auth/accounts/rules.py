"""What a name, an e-mail address and a password may be.

A password is refused for three reasons only: shorter than eight characters, score 0, or one of a
fixed list. The documented `newpassword1` scores 1 and passes.
"""

from __future__ import annotations

import re
import unicodedata

import email_validator
from zxcvbn_rs_py import zxcvbn

USERNAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{2,63}$"
USERNAME_RULE = "3 to 64 letters, digits or . _ - + @, beginning with a letter or a digit"
EMAIL_LENGTH_MAX = 254
PASSWORD_LENGTH_MIN = 8
PASSWORD_BYTES_MAX = 1024

_USERNAME = re.compile(USERNAME_PATTERN)

# Top-level names that no public mail reaches; local installations and tests live on them.
_PRIVATE_SUFFIXES = frozenset({"localhost", "local", "test", "internal"})
_PUBLIC_STAND_IN = ".com"

# Common passwords that the estimator lets through with score 1; compared without regard to case.
# fmt: off
COMMON_PASSWORDS = frozenset(
    {
        "password123", "password1234", "password12", "password!",
        "passw0rd!", "p@ssw0rd1", "admin123", "admin1234",
        "abc12345", "abcd1234", "a1b2c3d4", "monkey123",
        "dragon123", "football1", "sunshine1", "princess1",
        "superman1", "baseball1", "starwars1", "changeme1",
        "qwerty12345", "qwerty1234", "test1234", "user1234",
        "secret123", "master123", "iloveyou1", "welcome123",
        "administrator",
    }
)
# fmt: on


def normal_username(given: str) -> str:
    """The name as given, or ValueError with what a name may be."""
    if not _USERNAME.fullmatch(given):
        raise ValueError(USERNAME_RULE)
    return given


def normal_email(given: str) -> str:
    """The address with its domain in lower case, or ValueError.

    Private suffixes are checked with a public one behind them, for the validator refuses
    `staff@localhost` for where it is, not for how it is written.
    """
    if len(given) > EMAIL_LENGTH_MAX:
        raise ValueError("not an e-mail address: it is too long")
    suffix = given.rpartition("@")[2].rpartition(".")[2].lower()
    stand_in = _PUBLIC_STAND_IN if suffix in _PRIVATE_SUFFIXES else ""
    try:
        checked = email_validator.validate_email(
            given + stand_in, check_deliverability=False, strict=True
        )
    except email_validator.EmailNotValidError as refusal:
        raise ValueError("not an e-mail address") from refusal
    return checked.normalized.removesuffix(stand_in)


def fold(name: str) -> str:
    """The form under which two spellings are one name or one address."""
    return unicodedata.normalize("NFKC", name).casefold()


def password_fault(password: str) -> str | None:
    """Why this password is refused, or None."""
    if len(unicodedata.normalize("NFC", password)) < PASSWORD_LENGTH_MIN:
        return f"shorter than {PASSWORD_LENGTH_MIN} characters"
    if password.casefold() in COMMON_PASSWORDS or int(zxcvbn(password).score) == 0:
        return "too common or too easy to guess"
    return None
