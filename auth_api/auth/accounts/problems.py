"""What can go wrong with an account."""

from __future__ import annotations

from auth.platform.problems import FieldError, Problem


class UsernameTaken(Problem):
    """Names are unique whatever their case."""

    code, status, title = "username_taken", 409, "This username is taken"


class EmailTaken(Problem):
    """Addresses are unique whatever their case."""

    code, status, title = "email_taken", 409, "This e-mail address has an account already"


class WeakPassword(Problem):
    """Too short, too common or too easy to guess."""

    code, status, title = "weak_password", 422, "This password cannot be accepted"

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"The password is {fault}.",
            errors=[FieldError("/password", fault)],
        )


class InvalidCredentials(Problem):
    """One answer for a wrong name and for a wrong password."""

    code, status, title = "invalid_credentials", 401, "The username or the password is wrong"
