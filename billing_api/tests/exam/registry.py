"""Every experiment there is: `make exam` runs them all, and the tests their short forms."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exam.at_once import clicks, debits
from exam.bank import bank
from exam.crashes import crash_points
from exam.key_window import key_window
from exam.kills import real_processes
from exam.money_machine import state_machine
from exam.notifications import notifications
from exam.orders import all_orders, orders_of_events
from exam.outage import outage
from exam.refunds import all_orders as all_orders_of_refunds
from exam.refunds import orders_of_refunds, refunds_at_once
from exam.result import Result


@dataclass(frozen=True)
class Experiment:
    """`short`: trials in the tests; 0 where its short form is a test somewhere else.

    `alone`: it measures how soon something is back, so nothing else may run beside it.
    """

    name: str
    run: Callable[[int, int], Awaitable[Result]]
    trials: int
    short: int
    alone: bool = False


# The longest first, for two run at a time.
EXPERIMENTS = (
    Experiment("kills", real_processes, 300, 0, alone=True),  # tests/test_kills.py
    Experiment("crashes", crash_points, 10_000, 0),  # billing_api/tests/crash
    Experiment("bank", bank, 100_000, 1000),
    Experiment("machine", state_machine, 2000, 20),
    Experiment("notifications", notifications, 10_000, 120),
    Experiment("orders", orders_of_events, len(all_orders()), 200),
    Experiment("refund-orders", orders_of_refunds, len(all_orders_of_refunds()), 100),
    Experiment("refunds", refunds_at_once, 1000, 10),
    Experiment("clicks", clicks, 1000, 20),
    Experiment("debits", debits, 1000, 20),
    Experiment("outage", outage, 20, 1),
    Experiment("window", key_window, 200, 10),
)
