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

    def __init__(self, fault: str, *, pointer: str = "/password") -> None:
        super().__init__(f"The password is {fault}.", errors=[FieldError(pointer, fault)])


class WrongPassword(Problem):
    """Not 401: the token holds, and a client that trades tokens on 401 must not do so."""

    code, status, title = "wrong_password", 403, "The current password is wrong"


class AccountNotFound(Problem):
    """No account with this id or name."""

    code, status, title = "account_not_found", 404, "No such account"


class InvalidCredentials(Problem):
    """One answer for a wrong name and for a wrong password."""

    code, status, title = "invalid_credentials", 401, "The username or the password is wrong"
