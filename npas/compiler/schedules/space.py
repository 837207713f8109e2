"""All schedules that a layer may have, and the steps a search takes among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from pydantic import TypeAdapter

from npas.compiler.schedules.records import AnySchedule, AnyScheduleKind, Placement
from npas.targets.isa import Backend

Axes = Mapping[str, tuple[int | str, ...]]
"""The values of a schedule's fields, in order: neighbours differ little."""

_SCHEDULE: TypeAdapter[AnySchedule] = TypeAdapter(AnySchedule)
WORK_GROUP = 32
"""Tiles that a work group of an OpenCL device computes by one list, where nothing was measured."""
WORK_GROUPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PLACEMENTS: Mapping[Backend, tuple[int | str, ...]] = {"cpu": ("buffer",), "opencl": get_args(get_args(Placement)[0])}
"""Of weights."""

_TRIES = 200
_FAR = 0.3
"""How often a step takes any value of a field, and not a neighbour."""


@dataclass(frozen=True)
class Space:
    """For each kind of schedule the values of its fields; ``fits`` says which combinations there are."""

    axes: Mapping[AnyScheduleKind, Axes]
    fits: Callable[[AnySchedule], bool]

    def __contains__(self, schedule: object) -> bool:
        """Whether a program may use the schedule; numbers may lie between those that a search would try."""
        axes = self.axes.get(getattr(schedule, "kind", None))  # type: ignore[arg-type]
        if axes is None:
            return False
        return all(_within(getattr(schedule, name), axis) for name, axis in axes.items()) and self.fits(schedule)  # type: ignore[arg-type]

    def joined(self, other: Space) -> Space:
        """Both spaces, which have no kind in common."""
        assert not self.axes.keys() & other.axes.keys()
        return Space({**self.axes, **other.axes}, lambda s: (self if s.kind in self.axes else other).fits(s))

    @property
    def size(self) -> int:
        """Combinations, the unfit ones among them."""
        return sum(int(np.prod([len(axis) for axis in axes.values()])) for axes in self.axes.values())

    def random(self, rng: np.random.Generator) -> AnySchedule:
        """Any schedule, kinds equally likely."""
        kind = list(self.axes)[int(rng.integers(len(self.axes)))]
        for _ in range(_TRIES):
            made = _made(kind, {name: _any(axis, rng) for name, axis in self.axes[kind].items()})
            if self.fits(made):
                return made
        raise AssertionError(f"no {kind} schedule fits")

    def mutated(self, schedule: AnySchedule, rng: np.random.Generator) -> AnySchedule:
        """One or two fields changed, mostly to a neighbouring value; the same schedule where nothing else fits."""
        axes = self.axes[schedule.kind]
        open_ = [name for name, axis in axes.items() if len(axis) > 1]
        for _ in range(_TRIES if open_ else 0):
            fields = _fields(schedule)
            for name in rng.choice(open_, size=min(len(open_), int(rng.integers(1, 3))), replace=False):
                fields[str(name)] = _step(fields[str(name)], axes[str(name)], rng)
            made = _made(schedule.kind, fields)
            if made != schedule and self.fits(made):
                return made
        return schedule

    def crossed(self, a: AnySchedule, b: AnySchedule, rng: np.random.Generator) -> AnySchedule:
        """Each field from one of two parents of a kind; of different kinds, or where that does not fit, the first."""
        if a.kind != b.kind:
            return a
        of_a, of_b = _fields(a), _fields(b)
        made = _made(a.kind, {name: (of_a if rng.random() < 0.5 else of_b)[name] for name in of_a})
        return made if self.fits(made) else a


def halvings(count: int, least: int = 1) -> tuple[int, ...]:
    """1, 2, 4, ... below ``count``, from ``least`` on, and ``count`` itself."""
    powers = [least << i for i in range(max(count, 1).bit_length()) if least << i < count]
    return (*powers, max(count, 1))


def parts(count: int, grain: int) -> tuple[int, ...]:
    """Sizes that cut ``count`` into 1, 2, 3, 4, 6 and 8 about equal parts, in whole ``grain``."""
    grains = math.ceil(count / grain)
    return tuple(sorted({min(count, math.ceil(grains / n) * grain) for n in (1, 2, 3, 4, 6, 8)}))


def _made(kind: AnyScheduleKind, fields: Mapping[str, Any]) -> AnySchedule:
    return _SCHEDULE.validate_python({"kind": kind, **fields})


def _fields(schedule: AnySchedule) -> dict[str, Any]:
    return schedule.model_dump(exclude={"kind"})


def _within(value: int | str, axis: tuple[int | str, ...]) -> bool:
    if isinstance(value, str):
        return value in axis
    numbers = [v for v in axis if isinstance(v, int)]
    return min(numbers) <= value <= max(numbers)


def _any(axis: tuple[int | str, ...], rng: np.random.Generator) -> int | str:
    return axis[int(rng.integers(len(axis)))]


def _step(value: int | str, axis: tuple[int | str, ...], rng: np.random.Generator) -> int | str:
    if isinstance(value, str) or rng.random() < _FAR:
        return _any(axis, rng)
    numbers = sorted(v for v in axis if isinstance(v, int))
    below, above = [v for v in numbers if v < value], [v for v in numbers if v > value]
    near = below[-1:] + above[:1]
    return near[int(rng.integers(len(near)))]
