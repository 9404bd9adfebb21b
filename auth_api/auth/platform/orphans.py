"""A worker ends with its master, however that ended: an orphan finishes its long polls first and
keeps the port from the next master for ten seconds.
"""

import ctypes
import os
import signal
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_master(_: Any, worker: Any) -> None:
    """gunicorn's `post_fork`, in the worker. Elsewhere than on Linux nothing of the kind exists."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker.ppid:  # it died before it could be asked for
        os.kill(os.getpid(), signal.SIGKILL)
