"""``npas.lock``: all that a build decided, so that the same sources can be made again without search or training."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from npas.compiler.indexed import Options
from npas.compiler.schedules.records import AnySchedule
from npas.errors import DriftError, UsageError
from npas.search.candidate import Pruning
from npas.spec.schema import DeviceName, SchemeName, Spec, Storage
from npas.targets.isa import IsaName

LINE = 120


class LockedLayer(BaseModel):
    """One layer's pruning, and the reason where it is built dense all the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: SchemeName
    rate: float
    built_dense_because: str | None = None


class Lock(BaseModel):
    """The file's content. Digests are SHA-256; ``sources`` has one per generated file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    npas_lock: Literal[1] = 1
    npas_version: str
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    spec: str
    model: str
    isa: IsaName
    threads: int
    fully_connected: Storage = "fp32"
    weights: Storage = "fp32"
    wanted: tuple[DeviceName, DeviceName] = ("", "")
    layers: dict[str, LockedLayer]
    schedules: dict[str, AnySchedule]
    sources: dict[str, str]

    def options(self) -> Options:
        """What lowering needs of it."""
        return Options(
            prunings={name: Pruning(layer.scheme, layer.rate) for name, layer in self.layers.items()},
            dense={n: layer.built_dense_because for n, layer in self.layers.items() if layer.built_dense_because},
            schedules=self.schedules,
        )


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def spec_digest(spec: Spec) -> str:
    """Of the spec's meaning: comments and order do not count."""
    return digest(spec.model_dump_json(by_alias=True).encode())


def source_digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: digest(data) for path, data in sorted(files.items())}


def dump_yaml(record: BaseModel) -> str:
    """A record as YAML, keys in the order of its class; short leaves on one line, so that a diff stays local."""
    yaml = YAML(pure=True)
    yaml.width = LINE
    text = io.StringIO()
    yaml.dump(_styled(record.model_dump(mode="json")), text)
    return text.getvalue()


def _styled(value: Any) -> Any:
    if isinstance(value, dict):
        made: Any = CommentedMap((key, _styled(item)) for key, item in value.items())
    elif isinstance(value, list):
        made = CommentedSeq(_styled(item) for item in value)
    else:
        return value
    children = value.values() if isinstance(value, dict) else value
    nested = any(isinstance(child, dict) for child in children)
    if not nested and (isinstance(value, list) or len(str(value)) < LINE):
        made.fa.set_flow_style()
    return made


def read(path: Path) -> Lock:
    """Raises UsageError where there is no lock, DriftError where it is not one of this version."""
    try:
        text = path.read_text()
    except OSError as error:
        raise UsageError(f"{path}: must be readable, got {error.strerror}, run npas build without --locked") from error
    try:
        return Lock.model_validate(YAML(typ="safe", pure=True).load(text))
    except (ValidationError, YAMLError) as error:
        first = str(error).splitlines()[0]
        raise DriftError(
            f"{path}: must be a lock of this version, got {first}, build again without --locked"
        ) from error


def check_sources(lock: Lock, made: Mapping[str, str], folder: Path) -> None:
    """Raises DriftError naming every file that differs from what was locked."""
    changed = sorted(p for p in {*lock.sources, *made} if lock.sources.get(p) != made.get(p))
    if changed:
        shown = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        raise DriftError(
            f"{folder}: sources must be those of npas.lock, got a difference in {shown}; "
            "use the NPAS version of the lock, or build again without --locked"
        )
