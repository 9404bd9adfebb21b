"""What an experiment of the exam found."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

SHOWN = 20


@dataclass(frozen=True)
class Result:
    """One line of the exam: `trials` made, `failures` among them, `seconds` by the wall clock.

    `control_failed`: the naive build was caught by the same check. An experiment whose control
    passes proves nothing.
    """

    name: str
    trials: int
    failures: int
    seed: int
    seconds: float
    control_failed: bool

    @property
    def is_passed(self) -> bool:
        return self.trials > 0 and self.failures == 0 and self.control_failed

    def __str__(self) -> str:
        """One line for people."""
        control = "control failed" if self.control_failed else "CONTROL DID NOT FAIL"
        return (
            f"{self.name:<24} {self.trials:>8} trials {self.failures:>5} failures"
            f"  seed {self.seed:<6} {self.seconds:>6.1f} s  {control}"
        )


def report(name: str, failures: Sequence[str]) -> None:
    """What went wrong, for whoever has to find out why; the first of it."""
    for failure in failures[:SHOWN]:
        print(f"{name}: {failure}", file=sys.stderr, flush=True)
