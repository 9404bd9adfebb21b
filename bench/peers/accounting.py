"""django-hordak's two-leg transaction, as its documentation makes it: `account.transfer_to`.

    python accounting.py CLIENTS SECONDS        with PEER_DATABASE_URL; prints transactions a second

One process, a thread and a customer's account each client, all paying one account of revenue.
"""

import os
import sys
import threading
import time
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

address = urlsplit(os.environ["PEER_DATABASE_URL"])
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "mptt",
        "hordak",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": address.hostname,
            "PORT": address.port,
            "USER": unquote(address.username or ""),
            "PASSWORD": unquote(address.password or ""),
            "NAME": address.path.lstrip("/"),
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_CURRENCY="RUB",
    HORDAK_INTERNAL_CURRENCY="RUB",
    HORDAK_CURRENCIES=["RUB"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from hordak.models import Account, AccountType  # noqa: E402
from moneyed import Money  # noqa: E402

PRICE = Money("100.00", "RUB")


def account(name: str, code: str, kind: str) -> Account:
    found = Account.objects.filter(name=name).first()
    return found or Account.objects.create(name=name, code=code, type=kind, currencies=["RUB"])


def main() -> None:
    clients, seconds = int(sys.argv[1]), float(sys.argv[2])
    call_command("migrate", verbosity=0)
    revenue = account("revenue", "1", AccountType.income)
    customers = [
        account(f"customer {number}", str(10 + number), AccountType.liability)
        for number in range(clients)
    ]
    done = [0] * clients
    together = threading.Barrier(clients + 1)

    def work(number: int) -> None:
        connection.ensure_connection()
        together.wait()
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            customers[number].transfer_to(revenue, PRICE)
            done[number] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    together.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    sys.stdout.write(f"{sum(done) / (time.perf_counter() - started):.1f}\n")


main()
