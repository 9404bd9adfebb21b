"""Who of the staff has signed in, and with which roles. Roles are given in auth, not here."""

from django.contrib import admin
from django.contrib.auth.models import Group, User

from panel.mirror.readonly import ReadOnlyAdmin
from panel.mirror.words import role_words
from panel.site.display import moment
from panel.site.wording import say
from panel.staff.models import StaffAccount

# Accounts and roles are auth's: editing copies of them here would change nothing there.
admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(StaffAccount)
class StaffAccountAdmin(ReadOnlyAdmin):
    """A list for the administrator."""

    list_display = ("username", "role_names", "signed_in")
    search_fields = ("username",)
    fields = ("username", "account_id", "role_names", "signed_in")
    readonly_fields = ("role_names", "signed_in")

    @admin.display(description=say("Роли", "Roles"))
    def role_names(self, obj: StaffAccount) -> str:
        return role_words(obj.roles)

    @admin.display(description=say("Последний вход", "Last sign-in"), ordering="signed_in_at")
    def signed_in(self, obj: StaffAccount) -> str:
        return moment(obj.signed_in_at)
