"""The operator's command: `admin migrate`, `admin sync --forever`, `admin create-superuser-local`.

Django names commands by module; a hyphen typed by hand is read as the underscore it stands for.
"""

import os
import sys


def main() -> None:
    """Run the command named on the line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panel.settings")
    from django.core.management import execute_from_command_line

    arguments = list(sys.argv)
    if len(arguments) > 1 and not arguments[1].startswith("-"):
        arguments[1] = arguments[1].replace("-", "_")
    execute_from_command_line(arguments)


if __name__ == "__main__":
    main()
