"""This machine as a device."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npas.errors import CompileError, DeviceError
from npas.targets import process
from npas.targets.isa import cpu_features, cpu_name, widest
from npas.targets.process import Finished

_CPU = Path("/sys/devices/system/cpu")
_SHOWN_LINES = 8


@dataclass(frozen=True)
class LocalDevice:
    """This machine; with ``cpus`` only those processors of it (by taskset). Programs get the ``environment`` on top of
    ours, and ``accelerator`` names what they compute on where that is not the processor itself."""

    cpus: tuple[int, ...] | None = None
    environment: tuple[tuple[str, str], ...] = ()
    accelerator: str | None = None

    @property
    def name(self) -> str:
        return "local"

    def describe(self) -> str:
        """Such as ``AMD EPYC, 2 cores, avx2``; the cores are those that programs may use."""
        if self.accelerator is not None:
            return self.accelerator
        cores = len(self._affinity())
        return f"{cpu_name()}, {cores} core{'s' if cores != 1 else ''}, {widest(cpu_features()).name}"

    def conditions(self) -> Mapping[str, str | float | None]:
        cpus = self._affinity()
        clock_khz = _read(_CPU / f"cpu{cpus[0]}/cpufreq/scaling_cur_freq")
        return {
            "affinity": ",".join(map(str, cpus)),
            "governor": _read(_CPU / f"cpu{cpus[0]}/cpufreq/scaling_governor"),
            "clock_mhz": float(clock_khz) / 1e3 if clock_khz else None,
            "load_1min": round(os.getloadavg()[0], 2),
        }

    def push(self, file: Path) -> str:
        return str(file.absolute())

    def run(self, argv: Sequence[str], timeout_s: float, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> Finished:
        command = [*self._pin(), *argv]
        try:
            done = process.run(command, timeout_s, stdin=stdin, environment=dict(self.environment))
        except process.DeadlineError:
            raise DeviceError(
                f"device local: {Path(argv[0]).name} must end within {timeout_s:g} s, got no end, "
                "it was killed; give it less work or more time"
            ) from None
        except OSError as error:
            raise DeviceError(f"device local: {argv[0]} must start, got {error}, build it again") from error
        if done.code not in accept:
            said = "\n".join(done.stderr.strip().splitlines()[-_SHOWN_LINES:]) or "no message"
            how = process.signal_name(done.code) if done.code < 0 else f"exit status {done.code}"
            kind = CompileError if done.code == CompileError.exit_code else DeviceError
            raise kind(f"device local: {Path(argv[0]).name} must end well, got {how} ({said}), build it again")
        return done

    def _affinity(self) -> tuple[int, ...]:
        return self.cpus or tuple(sorted(os.sched_getaffinity(0)))

    def _pin(self) -> tuple[str, ...]:
        return () if self.cpus is None else ("taskset", "--cpu-list", ",".join(map(str, self.cpus)))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="ascii").strip() if path.is_file() else None
