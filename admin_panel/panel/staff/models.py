"""Which local user stands for which account of auth."""

from django.contrib.auth.models import User
from django.db import models

from panel.site.wording import say


class StaffAccount(models.Model):
    """Tied by the account's id, so that a name taken over later inherits nothing."""

    user = models.OneToOneField(
        User,
        on_delete=models.CASCADE,
        related_name="staff_account",
        verbose_name=say("Пользователь", "User"),
    )
    account_id = models.UUIDField(say("Номер в auth", "Account id"), unique=True)
    username = models.TextField(say("Имя в auth", "Name in auth"))
    roles = models.JSONField(say("Роли", "Roles"), default=list)
    signed_in_at = models.DateTimeField(say("Последний вход", "Last sign-in"))

    class Meta:
        default_permissions = ("view",)
        verbose_name = say("сотрудник", "staff member")
        verbose_name_plural = say("Сотрудники", "Staff")
        ordering = ("-signed_in_at",)

    def __str__(self) -> str:
        return self.username
