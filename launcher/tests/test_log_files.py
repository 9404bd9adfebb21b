"""Log files are read to the last line while they are rotated, truncated, removed and begun anew."""

import os
import random
import threading

import pytest
from supervisor import loggers

from launcher.log_files import LogFile
from launcher.log_reader import Choice, Reader


@pytest.fixture
def path(tmp_path):
    return tmp_path / "billing.log"


@pytest.fixture
def open_log(path):
    """`open_log()`: a LogFile of `path`, closed after the test."""
    opened = []

    def make():
        opened.append(LogFile(path))
        return opened[-1]

    yield make
    for file in opened:
        file.close()


def _row(number, second=None):
    second = number if second is None else second
    return f"2026-11-27 17:{second // 60:02}:{second % 60:02}.000 UTC row {number}\n"


def _append(path, text):
    with path.open("a") as file:
        file.write(text)


def _numbers(lines):
    return [int(line.text.split()[-1]) for line in lines]


def _all(_line):
    return True


def _rotate(path, keep=3):
    """As the supervisor does: from the oldest on, then the file itself."""
    for number in range(keep - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))
    path.touch()


def test_the_last_lines_come_first_then_what_is_written(path, open_log):
    path.write_text("".join(map(_row, range(50))))
    log = open_log()
    assert _numbers(log.last(3, _all)) == [47, 48, 49]
    assert log.fresh() == []
    _append(path, _row(50))
    assert _numbers(log.fresh()) == [50]


def test_half_a_line_is_held_back(path, open_log):
    row = _row(2)
    path.write_text(_row(1) + row[:20])
    log = open_log()
    assert _numbers(log.last(10, _all)) == [1]
    assert log.fresh() == []
    _append(path, row[20:-1])
    assert log.fresh() == []
    _append(path, "\n")
    assert _numbers(log.fresh()) == [2]


def test_older_files_are_one_stream_even_where_a_line_is_cut(path, open_log):
    text = "".join(map(_row, range(30)))
    path.with_name("billing.log.2").write_text(text[:333])
    path.with_name("billing.log.1").write_text(text[333:700])
    path.write_text(text[700:])
    assert _numbers(open_log().last(None, _all)) == list(range(30))
    assert _numbers(open_log().last(25, _all)) == list(range(5, 30))
    assert _numbers(open_log().last(None, _all, b"row 7\n"[:-1])) == [7]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_lines_longer_than_a_block_are_whole(path, open_log, size):
    path.write_text(_row(1) + "x" * size + "\n" + _row(2) + "y" * size)
    found = [line.text for line in open_log().last(None, _all)]
    assert found == ["row 1", *(["x" * size] if size else []), "row 2"]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_or_doubled_through_rotations_at_any_byte(path, open_log, seed):
    chance = random.Random(seed)
    path.touch()
    log, text, found, at = open_log(), "".join(map(_row, range(400))), [], 0
    unread = 0
    while at < len(text):
        size = chance.randrange(1, 400)
        _append(path, text[at : at + size])
        at += size
        if unread < 2 and chance.random() < 0.3:
            _rotate(path)
            unread += 1
        if chance.random() < 0.4:
            found += _numbers(log.fresh())
            unread = 0
    assert found + _numbers(log.fresh()) == list(range(400))


def test_nothing_is_lost_while_the_supervisor_itself_writes_and_rotates(path, open_log):
    logger = loggers.getLogger()
    loggers.handle_file(logger, str(path), "%(message)s", True, 2000, 60)
    log, found = open_log(), []

    def write():
        for number in range(2000):
            logger.info(_row(number))
        logger.close()

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        found += _numbers(log.fresh())
    writer.join()
    found += _numbers(log.fresh())
    assert path.with_name("billing.log.20").exists()
    assert found == list(range(2000))


def test_a_truncated_and_a_new_file_are_read_from_their_start(path, open_log):
    path.write_text(_row(1) + _row(2) + "half a line")
    log = open_log()
    log.last(0, _all)
    os.truncate(path, 0)
    _append(path, _row(3))
    assert _numbers(log.fresh()) == [3]
    _append(path, "half a line")
    assert log.fresh() == []
    path.unlink()
    assert log.fresh() == []
    path.write_text(_row(4))
    assert _numbers(log.fresh()) == [4]


def test_files_are_merged_by_time_and_new_ones_found(tmp_path):
    (tmp_path / "auth.log").write_text(_row(1) + _row(3) + _row(5))
    (tmp_path / "billing.log").write_text(_row(2) + "goes on 2\n" + _row(4))
    reader = Reader(tmp_path, Choice())
    try:
        assert _numbers(reader.past(20)) == [1, 2, 2, 3, 4, 5]
        assert list(reader.fresh()) == []
        _append(tmp_path / "auth.log", _row(7))
        (tmp_path / "late.log").write_text(_row(6) + _row(8))
        assert _numbers(reader.fresh()) == [6, 7, 8]
        assert reader.programs() == ["auth", "billing", "late"]
    finally:
        reader.close()
