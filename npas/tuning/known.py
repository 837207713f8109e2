"""What was measured before: the fastest schedule of each layer's key, kept per device and compiler."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npas.compiler.schedules.records import AnySchedule
from npas.targets import atomic
from npas.targets.compilers import find_compiler
from npas.targets.device import Device
from npas.targets.objects import default_cache

log = logging.getLogger("npas.tuning")

Time = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class Found(BaseModel):
    """The fastest schedule of a key after some generations; both times come from one interleaved measurement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: AnySchedule
    time_ms: Time
    default_ms: Time
    generations: Annotated[int, Field(ge=1)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    npas_tuning: Literal[1] = 1
    device: str
    compiler: str
    layers: dict[str, object] = {}
    """Findings, each of which may be one that this version does not know."""


class Known:
    """A file of findings. Times of one device and compiler say nothing about another's, so each pair has its own."""

    def __init__(self, device: Device, folder: Path | None = None) -> None:
        self.device, self.compiler = device.describe(), find_compiler().version
        name = hashlib.sha256(f"{self.device}\0{self.compiler}".encode()).hexdigest()[:24]
        self.path = (folder or default_cache() / "tuning") / f"{name}.json"

    def read(self) -> Mapping[str, Found]:
        """Everything found so far. A file that cannot be read counts for nothing, and a schedule that this version does
        not know is left out, with a warning."""
        try:
            stored = _File.model_validate_json(self.path.read_bytes()).layers
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            log.warning("%s: not used, %s; tuning writes it anew", self.path, str(error).splitlines()[0])
            return {}
        found = {key: layer for key, each in stored.items() if (layer := _found(each)) is not None}
        if left_out := len(stored) - len(found):
            log.warning("%s: %d of %d layers not used, of another version", self.path, left_out, len(stored))
        return found

    def add(self, found: Mapping[str, Found]) -> None:
        """Keeps findings, the newest of a key; of two builds that tune at once, one's may be lost, never the file. A
        warning says where they cannot be kept."""
        layers = {**self.read(), **found}
        sorted_ = {key: layer.model_dump() for key, layer in sorted(layers.items())}
        kept = _File(device=self.device, compiler=self.compiler, layers=sorted_)
        try:
            atomic.write_text(self.path, kept.model_dump_json(indent=1) + "\n")
        except OSError as error:
            log.warning("%s: cannot be written (%s), what was tuned serves this build alone", self.path, error)


def _found(stored: object) -> Found | None:
    try:
        return Found.model_validate(stored)
    except ValidationError:
        return None
