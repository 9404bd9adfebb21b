"""The business clock follows its file; real time does not."""

from datetime import timedelta

import pytest

from billing.platform.clock import SystemClock, format_instant
from billing.platform.clock_file import parse_duration, write_offset


def offset(clock: SystemClock) -> int:
    return round((clock.now() - clock.real_now()).total_seconds())


def test_the_offset_is_read_again_when_the_file_is_replaced(tmp_path):
    path = tmp_path / "sub folder" / "clock.json"
    clock = SystemClock(path)
    assert offset(clock) == 0
    write_offset(path, timedelta(days=30))
    assert offset(clock) == 30 * 86400
    write_offset(path, timedelta(0))
    assert offset(clock) == 0
    write_offset(path, timedelta(seconds=-5))
    assert offset(clock) == -5
    path.unlink()
    assert offset(clock) == 0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"offset_seconds": "x"}', "null", "\xff"])
def test_an_unreadable_file_means_real_time(tmp_path, content):
    path = tmp_path / "clock.json"
    path.write_text(content, encoding="latin-1")
    assert offset(SystemClock(path)) == 0


@pytest.mark.parametrize(("text", "seconds"), [("30d", 2592000), ("12h", 43200), ("45s", 45)])
def test_durations_are_read(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "d", "-1d", "1w", "1.5h", "1 d", "٣d"])
def test_other_durations_are_refused(text):
    with pytest.raises(ValueError, match="30d"):
        parse_duration(text)


def test_instants_are_written_in_utc_with_milliseconds():
    clock = SystemClock()
    text = format_instant(clock.now())
    assert text.endswith("Z")
    assert len(text) == len("2026-01-31T10:12:06.249Z")
