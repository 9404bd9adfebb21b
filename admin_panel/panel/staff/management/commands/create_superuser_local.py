"""`admin create-superuser-local`: the account for the day auth is down.

Name and password come by environment, never on the command line where others could read them.
"""

import os
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from panel.staff.models import StaffAccount


class Command(BaseCommand):
    """Makes it, or sets its password anew."""

    help = "make the local superuser from LOCAL_ADMIN_USERNAME and LOCAL_ADMIN_PASSWORD"

    def handle(self, *_args: Any, **_options: Any) -> None:
        username = os.environ.get("LOCAL_ADMIN_USERNAME", "")
        password = os.environ.get("LOCAL_ADMIN_PASSWORD", "")
        if not username or not password:
            raise CommandError("set LOCAL_ADMIN_USERNAME and LOCAL_ADMIN_PASSWORD")
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if StaffAccount.objects.filter(user__username=username).exists():
            raise CommandError(f"{username} is a staff account of auth: choose another name")
        user, made = User.objects.get_or_create(username=username)
        user.is_staff = user.is_superuser = user.is_active = True
        if not user.check_password(password):
            user.set_password(password)
        user.save()
        self.stdout.write(f"local superuser {username} {'made' if made else 'kept'}")
