"""From a role in auth's token to what its holder may see here."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Group, Permission

_MIRROR = ("person", "payment", "balance", "journal", "journalline", "feedcursor")
_EVERYTHING = (*_MIRROR, "rejectedchange")

VISIBLE: Mapping[str, tuple[str, ...]] = {
    "support": tuple(f"mirror.view_{model}" for model in _MIRROR),
    "finance": tuple(f"mirror.view_{model}" for model in _EVERYTHING),
    "admin": (*(f"mirror.view_{model}" for model in _EVERYTHING), "staff.view_staffaccount"),
}


def staff_roles(roles: Iterable[str]) -> list[str]:
    """The roles that open this door; customers and roles we do not know open nothing."""
    return sorted(set(roles) & VISIBLE.keys())


def make_groups(using: str) -> None:
    """One group a role, holding exactly its permissions."""
    for role, names in VISIBLE.items():
        group, _ = Group.objects.using(using).get_or_create(name=role)
        codenames = [name.partition(".")[2] for name in names]
        apps = {name.partition(".")[0] for name in names}
        group.permissions.set(
            Permission.objects.using(using).filter(
                content_type__app_label__in=apps, codename__in=codenames
            )
        )
