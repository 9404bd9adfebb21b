"""Free TCP ports on 127.0.0.1, and one suite at a time that looks for some."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_MUTEX = "\0billing-suite-start"


@contextmanager
def one_at_a_time(seconds: float = 120) -> Iterator[None]:
    """From looking for ports to listening on them, for all suites of this machine and its users.

    Else two that start at one moment choose the same ports, and each takes the other's answers for
    its own. The name is of no file (unix(7), abstract), so it is gone with the process that has
    it; who has waited for long enough goes on without.
    """
    deadline, told = time.monotonic() + seconds, False
    with socket.socket(socket.AF_UNIX) as mutex:
        while time.monotonic() < deadline:
            try:
                mutex.bind(_MUTEX)
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE:  # a system without such names
                    break
            if not told:
                print("another suite is starting; waiting for it", flush=True)
                told = True
            time.sleep(0.1)
        yield


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether we could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports the kernel gives; all held until all are known."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def has_ipv6_loopback() -> bool:
    """Whether [::1] can be listened on."""
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
