"""Nothing but the way to the crash harness, which an experiment starts too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))
