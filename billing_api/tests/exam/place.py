"""Where an experiment happens: a database of its own, and a provider where one is asked."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from billing_parts.api import Urls
from billing_parts.databases import migrate_new
from billing_parts.provider import SECRET_KEY, SHOP_ID, Sandbox, serve_sandbox

from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.platform.clock import ManualClock, SystemClock
from billing.platform.database import Database


@dataclass(frozen=True)
class Place:
    """`folder` is gone with it; `superuser` is the address of the cluster."""

    folder: Path
    superuser: str
    urls: Urls
    database: Database
    clock: ManualClock


@dataclass(frozen=True)
class Provider:
    sandbox: Sandbox
    gateway: YooKassaGateway


@asynccontextmanager
async def open_place(*, write_pool: int = 16) -> AsyncIterator[Place]:
    """In the cluster that TEST_POSTGRES_URL names: of the tests, or of the exam."""
    superuser = os.environ["TEST_POSTGRES_URL"]
    urls = migrate_new(superuser)
    database = Database(urls.service, write_pool=write_pool)
    with tempfile.TemporaryDirectory(prefix="exam-") as folder:
        try:
            yield Place(Path(folder), superuser, urls, database, ManualClock(SystemClock().now()))
        finally:
            await database.close()


@asynccontextmanager
async def open_provider(place: Place, **settings: str) -> AsyncIterator[Provider]:
    """A sandbox as a process, that notifies nobody; `settings` are its own."""
    folder = place.folder / "sandbox"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        sandbox = stack.enter_context(serve_sandbox(folder, **settings))
        account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
        yield Provider(sandbox, await stack.enter_async_context(YooKassaGateway(account)))
