"""The sign-in form: the same for staff and the local superuser, with a reason when refused."""

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from panel.site.wording import say

REASONS = {
    "not_staff": say(
        "Эта учётная запись не относится к сотрудникам: вход только для поддержки, финансов "
        "и администраторов.",
        "This account is not a staff account: support, finance and administrators only.",
    ),
    "auth_down": say(
        "Служба входа сейчас не отвечает. Повторите позже или войдите местной учётной записью.",
        "The sign-in service does not answer. Try later, or use the local account.",
    ),
    "slow_down": say(
        "Слишком много попыток входа. Повторите через несколько секунд.",
        "Too many attempts. Try again in a few seconds.",
    ),
    "wrong": say("Неверное имя или пароль.", "Wrong name or password."),
}


class SignInForm(AuthenticationForm):
    """Says why, where Django only says no."""

    def get_invalid_login_error(self) -> ValidationError:
        reason = getattr(self.request, "sign_in_refusal", "wrong")
        return ValidationError(str(REASONS[reason]), code=reason)
