"""How a bench program is called, and what it prints: ``bench WEIGHTS --threads N --runs N ... [--profile]``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from npas.errors import DeviceError
from npas.targets.device import Device
from npas.targets.toolchain import Program


@dataclass(frozen=True)
class RunnableProgram:
    """A bench program and the weights file it reads."""

    program: Program
    weights: Path


@dataclass(frozen=True)
class Settings:
    """How much is run. Per process: warm-up until both ``warmup`` values are met, then ``runs`` and ``min_s``."""

    processes: int = 5
    warmup_runs: int = 10
    warmup_s: float = 0.5
    runs: int = 30
    min_s: float = 0.2
    timeout_s: float = 120.0


LayerMs = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class LayerTime(BaseModel):
    """One layer's median and least time."""

    name: str
    median_ms: LayerMs
    least_ms: LayerMs


class BenchOutput(BaseModel):
    """What a bench program prints. It comes from a device: nothing about it is taken on trust."""

    times_ms: list[Annotated[float, Field(gt=0.0, allow_inf_nan=False)]]
    layers_ms: list[LayerTime] = []


def run_bench(
    program: RunnableProgram, device: Device, threads: int, settings: Settings, profile: bool = False
) -> BenchOutput:
    """One process of a bench program. The caller holds the device's lock. Raises DeviceError."""
    options: dict[str, float] = {
        "--threads": threads,
        "--warmup-runs": settings.warmup_runs,
        "--warmup-s": settings.warmup_s,
        "--runs": settings.runs,
        "--min-s": settings.min_s,
    }
    argv = [device.push(program.program.binary), device.push(program.weights)]
    argv += [word for name, value in options.items() for word in (name, str(value))]
    argv += ["--profile"] if profile else []
    done = device.run(argv, settings.timeout_s)
    try:
        output = BenchOutput.model_validate_json(done.stdout)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "output"
        raise DeviceError(
            f"bench on {device.name}: must print its times as JSON, got {where}: {first['msg']}, generate it again"
        ) from error
    if len(output.times_ms) < settings.runs:
        raise DeviceError(
            f"bench on {device.name}: must time at least {settings.runs} runs, got {len(output.times_ms)}, "
            "generate it again"
        )
    return output
