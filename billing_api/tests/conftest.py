"""Real parts for billing's tests: migrated databases, the sandbox as a process, keys over HTTP.

Only the clock is ever faked. Each test makes its own customers, so nothing is cleaned up between.
"""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.platform.clock import ManualClock, SystemClock
from billing.platform.database import Database
from billing.platform.ids import new_id

# The parts are a package, so that a test file can import their types by name.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from billing_parts.api import NOTIFICATION_SECRET, Api, Urls
from billing_parts.databases import migrate_new
from billing_parts.issuer import ISSUER, Issuer, serve_issuer
from billing_parts.processes import answers, free_port, process, wait_until
from billing_parts.provider import BASE_URL, SECRET_KEY, SHOP_ID, Sandbox, serve_sandbox
from billing_parts.purse import Purse
from billing_parts.refunding import Till


@pytest.fixture(scope="session")
def make_migrated(postgres_url: str) -> Callable[[], Urls]:
    return lambda: migrate_new(postgres_url)


@pytest.fixture(scope="session")
def urls(make_migrated: Callable[[], Urls]) -> Urls:
    """The database of the tests that call flows; no worker runs on it."""
    return make_migrated()


@pytest.fixture(scope="session")
async def database(urls: Urls) -> AsyncIterator[Database]:
    database = Database(urls.service)
    yield database
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
def customer() -> str:
    return str(new_id())


@pytest.fixture
def purse(database: Database, clock: ManualClock, customer: str) -> Purse:
    return Purse(database, clock, customer)


@pytest.fixture
def till(
    database: Database,
    gateway: YooKassaGateway,
    clock: ManualClock,
    sandbox: Sandbox,
    customer: str,
) -> Till:
    return Till(database, gateway, clock, sandbox, customer)


@pytest.fixture(scope="session")
def start_sandbox(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Sandbox]]:
    with ExitStack() as stack:

        def start(**more: str) -> Sandbox:
            folder = tmp_path_factory.mktemp("sandbox")
            return stack.enter_context(serve_sandbox(folder, **more))

        yield start


@pytest.fixture(scope="session")
def _flow_sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox()


@pytest.fixture
def sandbox(_flow_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The provider of the tests that call flows; it notifies nobody."""
    yield _flow_sandbox
    _flow_sandbox.calm()


@pytest.fixture(scope="session")
async def gateway(_flow_sandbox: Sandbox) -> AsyncIterator[YooKassaGateway]:
    account = YooKassaAccount(_flow_sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with YooKassaGateway(account) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with serve_issuer() as made:
        yield made


@pytest.fixture(scope="session")
def suite(
    make_migrated: Callable[[], Urls],
    start_sandbox: Callable[..., Sandbox],
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """The API and its worker as they run in earnest, the sandbox notifying them."""
    folder = tmp_path_factory.mktemp("billing")
    port = free_port()
    urls = make_migrated()
    url = f"http://127.0.0.1:{port}"
    sandbox = start_sandbox(
        SANDBOX_NOTIFICATION_URL=f"{url}/api/v1/notification/{NOTIFICATION_SECRET}",
        SANDBOX_NOTIFICATION_SOURCE="127.0.0.53",
    )
    environment = {
        "VAR_DIR": str(folder),
        "ENVIRONMENT": "development",
        "BASE_URL": BASE_URL,
        "BUSINESS_CLOCK_FILE": str(folder / "clock.json"),
        "BILLING_DATABASE_URL": urls.service,
        "BILLING_MIGRATIONS_URL": urls.owner,
        "BILLING_PORT": str(port),
        "AUTH_JWKS_URL": issuer.jwks_url,
        "TOKEN_ISSUER": ISSUER,
        "YOOKASSA_API_URL": sandbox.api,
        "YOOKASSA_SHOP_ID": SHOP_ID,
        "YOOKASSA_SECRET_KEY": SECRET_KEY,
        "NOTIFICATION_SECRET": NOTIFICATION_SECRET,
        "RETURN_URL_HOSTS": "shop.test",
    }
    with ExitStack() as stack:
        stack.enter_context(process("billing.main", environment, folder / "api.log"))
        stack.enter_context(process("billing.worker", environment, folder / "worker.log"))
        wait_until(answers(f"{url}/health/ready"))
        yield Api(url, issuer, sandbox, urls, environment, folder)


@pytest.fixture
def api(suite: Api) -> Iterator[Api]:
    yield suite
    suite.sandbox.calm()


@pytest.fixture
def start_api(suite: Api) -> Iterator[Callable[[str], str]]:
    """Another API process of the suite on the database given: its address."""
    with ExitStack() as stack:

        def start(database_url: str) -> str:
            port = free_port()
            environment = {
                **suite.environment,
                "BILLING_DATABASE_URL": database_url,
                "BILLING_PORT": str(port),
            }
            log = suite.folder / f"api-{port}.log"
            stack.enter_context(process("billing.main", environment, log))
            wait_until(answers(f"http://127.0.0.1:{port}/health/live"))
            return f"http://127.0.0.1:{port}"

        yield start


@pytest.fixture
def eventually() -> Callable[..., None]:
    return wait_until
