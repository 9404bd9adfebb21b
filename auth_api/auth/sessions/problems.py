"""What can be wrong with a refresh token."""

from __future__ import annotations

from auth.platform.problems import Problem


class InvalidRefreshToken(Problem):
    """Unknown, used before, expired or of a session that has ended: log in again."""

    code, status, title = "invalid_refresh_token", 401, "The refresh token is not valid"
