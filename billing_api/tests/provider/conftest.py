"""The sandbox over TLS, as the SDK needs it to behave as it does in earnest, and both clients."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from billing_parts.processes import free_port, process, wait_until

# The cases are a package, so that tests can import them by name.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from contract import refund_cases  # noqa: F401 - its cases stand beside those of payments
from contract.naive_sides import NAIVE_SIDES
from contract.our_side import OurSide
from contract.place import SECRET_KEY, SHOP_ID, Control, Provider
from contract.sdk_side import SdkSide

MAKERS = {"sdk": SdkSide, "ours": OurSide, **NAIVE_SIDES}


@pytest.fixture(scope="session")
def _clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock") / "clock.json"


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory, _clock_file: Path) -> Iterator[Provider]:
    folder = tmp_path_factory.mktemp("provider")
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    port = free_port()
    environment = {
        "VAR_DIR": str(folder),
        "SANDBOX_PORT": str(port),
        "SANDBOX_SHOP_ID": SHOP_ID,
        "SANDBOX_SECRET_KEY": SECRET_KEY,
        "SANDBOX_STATE_FILE": str(folder / "state.sqlite"),
        "SANDBOX_TLS_CERT": str(folder / "cert.pem"),
        "SANDBOX_TLS_KEY": str(folder / "key.pem"),
        "SANDBOX_PAGE_URL": "https://pages.test/sandbox",
        "BUSINESS_CLOCK_FILE": str(_clock_file),
    }
    made = Provider(f"https://127.0.0.1:{port}", folder / "ca.pem")
    control = Control(made, _clock_file)
    with process("sandbox.app", environment, folder / "log"):
        wait_until(control.is_ready)
        control.close()
        yield made


@pytest.fixture(scope="session")
def _control(provider: Provider, _clock_file: Path) -> Iterator[Control]:
    made = Control(provider, _clock_file)
    yield made
    made.close()


@pytest.fixture
def control(_control: Control) -> Iterator[Control]:
    yield _control
    _control.calm()


@pytest.fixture
def open_side(provider: Provider) -> Callable[..., Any]:
    """`async with open_side("sdk") as side`, also at another place or with other manners."""

    @asynccontextmanager
    async def opened(name: str, at: Provider | None = None, **more: Any) -> AsyncIterator[Any]:
        async with MAKERS[name](at or provider, **more) as side:
            yield side

    return opened


@pytest.fixture
async def sdk(open_side) -> AsyncIterator[SdkSide]:
    async with open_side("sdk") as side:
        yield side


@pytest.fixture
async def ours(open_side) -> AsyncIterator[OurSide]:
    async with open_side("ours") as side:
        yield side
