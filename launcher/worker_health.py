"""Whether the two programs without a port still go round: told by what they leave behind."""

import re
import time

import httpx

# A loop writes its time every few seconds, but a round may wait for the provider's time-outs.
LATE_SECONDS = 60
_TICK = re.compile(r'^billing_worker_last_tick_seconds\{loop="(\w+)"\} (\S+)$', re.MULTILINE)


def worker_answer(http: httpx.Client, metrics: str) -> str:
    """From billing's `/metrics`: the last round of each of the worker's loops, in real time."""
    try:
        text = http.get(metrics).raise_for_status().text
        ticks = {loop: float(at) for loop, at in _TICK.findall(text)}
    except (httpx.HTTPError, ValueError):
        return "unknown: billing is silent"
    if not ticks:
        return "no round yet"
    loop, at = min(ticks.items(), key=lambda tick: tick[1])
    age = time.time() - at
    return "ok" if age <= LATE_SECONDS else f"{loop}: no round for {age:.0f} s"


def sync_answer(http: httpx.Client, ready: str) -> str:
    """From admin's `/health/ready`: the feeds the mirror follows, and whether one is late."""
    try:
        feeds = http.get(ready).raise_for_status().json()["feeds"]
        late = {name: feed["lag_seconds"] for name, feed in feeds.items() if feed["stale"]}
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return "unknown: admin is silent"
    return f"late: {', '.join(sorted(late))}" if late else "ok"
