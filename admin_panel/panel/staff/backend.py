"""Sign-in with the account staff have in auth; the local superuser stays Django's own affair."""

import structlog
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest

from panel.site.clock import now
from panel.staff.auth_client import (
    AuthUnavailableError,
    Identity,
    TooManyAttemptsError,
    WrongPasswordError,
    sign_in,
)
from panel.staff.models import StaffAccount
from panel.staff.permissions import staff_roles

log = structlog.get_logger("panel.staff")


class AuthServiceBackend(BaseBackend):
    """Why somebody was refused is left on the request for the form to say."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_credentials: object,
    ) -> User | None:
        if not username or not password:
            return None
        try:
            identity = sign_in(username, password)
        except WrongPasswordError:
            return None
        except TooManyAttemptsError:
            _refuse(request, "slow_down")
            return None
        except AuthUnavailableError as error:
            log.warning("auth does not answer a sign-in", error=error)
            _refuse(request, "auth_down")
            return None
        if not staff_roles(identity.roles):
            log.info("refused: no staff role", **{"user.id": str(identity.account_id)})
            _refuse(request, "not_staff")
            return None
        return admit(identity)

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


def _refuse(request: HttpRequest | None, reason: str) -> None:
    if request is not None:
        request.sign_in_refusal = reason  # type: ignore[attr-defined]


@transaction.atomic
def admit(identity: Identity) -> User:
    """The local user of an account, made at the first sign-in; roles are read anew each time."""
    account = (
        StaffAccount.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(account_id=identity.account_id)
        .first()
    )
    user = account.user if account else _new_user(identity)
    roles = staff_roles(identity.roles)
    StaffAccount.objects.update_or_create(
        account_id=identity.account_id,
        defaults={
            "user": user,
            "username": identity.username,
            "roles": list(roles),
            "signed_in_at": now(),
        },
    )
    user.is_staff, user.is_superuser = True, False
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def _new_user(identity: Identity) -> User:
    """Without a password. A name the local superuser has is not shared but marked."""
    name = identity.username[:120] or str(identity.account_id)
    if User.objects.filter(username=name).exists():
        name = f"{name}@{str(identity.account_id)[-12:]}"
    user = User(username=name, is_staff=True)
    user.set_unusable_password()
    user.save()
    return user
