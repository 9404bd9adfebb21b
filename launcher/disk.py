"""Room on the disks that a suite writes to, looked at before anything is written."""

import os
import shutil
from pathlib import Path

from launcher import clusters
from launcher.layout import Layout
from launcher.state import State, Trouble

MEGABYTE = 1 << 20
# What a first start writes: PostgreSQL's programs and an empty cluster with its log of changes.
FIRST_START = 300 * MEGABYTE
# Less than this and PostgreSQL may stop at its next checkpoint.
ANY_START = 40 * MEGABYTE
FILES = 500


def require_room(layout: Layout) -> None:
    _require(layout.var, ANY_START, "VAR_DIR names another folder")


def require_room_for_cluster(layout: Layout, state: State) -> None:
    """The databases lie elsewhere when the launcher runs as root."""
    home = clusters.home_of(layout, state)
    exists = (home / "data").exists()
    _require(
        home if home.exists() else home.parent,
        ANY_START if exists else FIRST_START,
        "the databases lie there",
    )


def _require(folder: Path, wanted: int, hint: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise Trouble(
            f"the disk of {folder} has {free // MEGABYTE} MB free and a start needs"
            f" {wanted // MEGABYTE} MB: make room ({hint})"
        )
    files = os.statvfs(folder)
    if files.f_files and files.f_favail < FILES:
        raise Trouble(f"the disk of {folder} can hold only {files.f_favail} more files: make room")
