"""Many pieces of work side by side, bounded, and one that fails does not take the others along."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

Item = TypeVar("Item")
logger = structlog.get_logger("billing.worker")


async def each(
    items: Iterable[Item], work: Callable[[Item], Awaitable[object]], *, at_once: int
) -> None:
    """What fails is logged and left to its lease: it comes up again when that runs out."""
    gate = asyncio.Semaphore(at_once)

    async def guarded(item: Item) -> None:
        async with gate:
            try:
                await work(item)
            except Exception:
                logger.exception("a piece of work failed")

    await asyncio.gather(*(guarded(item) for item in items))
