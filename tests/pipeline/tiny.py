"""A network of the user's own, a spec that builds it within seconds, and the command line as a child process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from npas import data
from npas.data import Dataset
from npas.spec.schema import DigitsData

NPAS = (sys.executable, "-m", "npas.cli")
BUILD_S = 300.0

SPEC = """\
apiVersion: npas/v1
name: tiny
model: {{type: onnx, path: tiny.onnx}}
data: {{type: digits, size: 8}}
target: {target}
constraint: {constraint}
rewrite: {{epochs: 1}}
search:
  {{trials: {trials}, batch: 2, initial: 2, epochs: 1, pool: 10, filter_types: [1x1, 3x3], rates: [1, 2, 2.5, 5],
    schemes: [block_punched, pattern]}}
pruning: {{algorithms: [magnitude, admm], trial_epochs: 1, epochs: 1}}
verify: {{samples: 16}}
"""


class Tiny(nn.Module):
    """What the zoo does not have: hard-swish and SiLU side by side, a concat, a residual over a depthwise layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.Hardswish())
        self.depthwise = nn.Sequential(
            nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False), nn.BatchNorm2d(16), nn.SiLU()
        )
        self.project = nn.Sequential(nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16))
        self.wide = nn.Sequential(nn.Conv2d(16, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.narrow = nn.Sequential(nn.Conv2d(16, 8, 1, stride=2, bias=False), nn.BatchNorm2d(8), nn.SiLU())
        self.head = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.project(self.depthwise(x))
        x = torch.cat([self.wide(x), self.narrow(x)], 1)
        return self.head(x.mean((2, 3)))


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str


def digits() -> Dataset:
    return data.load(DigitsData(type="digits", size=8), Path())


def trained(epochs: int = 6) -> Tiny:
    """In plain torch, without NPAS's training."""
    torch.manual_seed(0)
    model, dataset = Tiny(), digits()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for images, labels in dataset.batches("train", 64, generator):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
    return model.eval()


def accuracy(model: nn.Module) -> float:
    """On the test split, by torch alone."""
    with torch.no_grad():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in digits().batches("test", 64))
    return right / len(digits().test)


def export(model: nn.Module, path: Path) -> None:
    """As a user does it; the exporter's words are kept out of the tests' output."""
    torch.onnx.export(model, (torch.zeros(1, 1, 8, 8),), path, verbose=False, external_data=False)


def write_spec(
    folder: Path,
    *,
    trials: int = 4,
    constraint: str = "{max_latency_ms: 1000}",
    target: str = "{type: cpu, isa: native, threads: 1}",
    name: str = "",
) -> Path:
    """A spec beside ``tiny.onnx``; any machine meets its constraint."""
    path = folder / (name or "tiny.yaml")
    path.write_text(SPEC.format(trials=trials, constraint=constraint, target=target))
    return path


def npas(*arguments: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Finished:
    """Runs ``npas`` as a user does."""
    # Pipes would stay open as long as an orphan of the command lives; files do not.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run(
            [*NPAS, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdout=out,
            stderr=err,
            timeout=BUILD_S,
            check=False,
        )
        out.seek(0)
        err.seek(0)
        return Finished(done.returncode, out.read(), err.read())


@dataclass(frozen=True)
class Running:
    """A command that runs in a session of its own."""

    process: subprocess.Popen[bytes]
    _stderr: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def stderr(self) -> str:
        return self._stderr.read_text(errors="replace")

    def wait(self) -> int:
        return self.process.wait(BUILD_S)

    def wait_until(self, reached: Callable[[], bool]) -> bool:
        """Whether it was reached before the command ended."""
        deadline = time.monotonic() + BUILD_S
        while not reached():
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < deadline, self.stderr()
            time.sleep(0.01)
        return True

    def kill(self) -> None:
        """SIGKILL to the whole process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """``npas`` in the background; what is left of it when the block ends is killed."""
    with tempfile.NamedTemporaryFile() as err:
        child = subprocess.Popen(
            [*NPAS, *map(str, arguments)],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        )
        found = Running(child, Path(err.name))
        try:
            yield found
        finally:
            found.kill()


def evaluated(stderr: str) -> list[int]:
    """Numbers of the trials that were evaluated, by the log of ``npas -v``."""
    return [int(number) for number in re.findall(r"^(?:DEBUG npas\.search: )?trial (\d+) is evaluated$", stderr, re.M)]


def read_json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found
