"""What can be wrong with a reader's position."""

from __future__ import annotations

from auth.platform.problems import FieldError, ValidationFailed


class BadPosition(ValidationFailed):
    def __init__(self) -> None:
        message = "not a position of this feed"
        super().__init__(f"`after` is {message}.", errors=[FieldError("after", message)])
