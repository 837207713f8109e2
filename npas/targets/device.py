"""What a device can do for us. A device is one machine of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from npas.targets.process import Finished


class Device(Protocol):
    """One machine that programs run on. Every step has a deadline; what goes wrong there is a DeviceError."""

    @property
    def name(self) -> str:
        """Names the machine: one timing at a time per name."""
        ...

    def describe(self) -> str:
        """One line for people: processor, cores, widest ISA."""
        ...

    def conditions(self) -> Mapping[str, str | float | None]:
        """What a timing depends on and nobody chose: clock, governor, load, affinity. None where it is not known."""
        ...

    def push(self, file: Path) -> str:
        """Bring ``file`` to the device (once per content); returns its path there."""
        ...

    def run(self, argv: Sequence[str], timeout_s: float, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> Finished:
        """Run a program there. Raises DeviceError at the deadline, on a signal and on an exit status not accepted."""
        ...
