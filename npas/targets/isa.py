"""What code is generated for, as data: instruction sets of processors, and vector widths of OpenCL devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from npas.errors import DeviceError
from npas.spec.schema import Isa as CpuIsaName
from npas.spec.schema import Storage

_CPUINFO = Path("/proc/cpuinfo")

Backend = Literal["cpu", "opencl"]
OpenClName = Literal["opencl4", "opencl8", "opencl16", "opencl_gpu"]
StoringName = Literal["opencl4_store16", "opencl8_store16", "opencl16_store16", "opencl_gpu_store16"]
MultiplyingName = Literal["opencl4_math16", "opencl8_math16", "opencl16_math16", "opencl_gpu_math16"]
IsaName = CpuIsaName | OpenClName | StoringName | MultiplyingName


@dataclass(frozen=True)
class Isa:
    """One instruction set. ``lanes`` are float32 per vector, ``registers`` the vector registers,
    ``flags`` what GCC and Clang need, ``features`` what /proc/cpuinfo calls it.

    OpenCL's are as many lanes of a work item; the device's compiler makes instructions of them, but where ``items`` are
    the lanes of its hardware, as a GPU's are: there vectors are no more than what an item loads at once. ``values`` is
    how they are stored between layers, ``products`` what convolutions multiply: if fp16, so are values."""

    name: IsaName
    lanes: int
    registers: int
    flags: tuple[str, ...]
    features: frozenset[str] = frozenset()
    backend: Backend = "cpu"
    items: bool = False
    values: Storage = "fp32"
    products: Storage = "fp32"


_OPENCL = (
    Isa("opencl4", 4, 16, (), backend="opencl"),
    Isa("opencl8", 8, 16, (), backend="opencl"),
    Isa("opencl16", 16, 32, (), backend="opencl"),
    Isa("opencl_gpu", 4, 16, (), backend="opencl", items=True),
)
_STORING: tuple[StoringName, ...] = get_args(StoringName)
_MULTIPLYING: tuple[MultiplyingName, ...] = get_args(MultiplyingName)

# From the narrowest to the widest. Portable is what every x86-64 (SSE2) and every AArch64 (NEON) has.
ISAS: dict[IsaName, Isa] = {
    isa.name: isa
    for isa in (
        Isa("portable", 4, 16, (), frozenset()),
        Isa("avx2", 8, 16, ("-mavx2", "-mfma", "-mf16c"), frozenset({"avx2", "fma", "f16c"})),
        Isa(
            "avx512",
            16,
            32,
            ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mprefer-vector-width=512"),
            frozenset({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma"}),
        ),
        *_OPENCL,
        *(replace(isa, name=name, values="fp16") for isa, name in zip(_OPENCL, _STORING, strict=True)),
        *(
            replace(isa, name=name, values="fp16", products="fp16")
            for isa, name in zip(_OPENCL, _MULTIPLYING, strict=True)
        ),
    )
}

END_TO_END: Mapping[Storage, float] = {"fp32": 1e-4, "fp16": 1e-2}
"""Largest relative L2 error of a whole network, by how values are stored between layers: what ``npas verify`` and the
program's own test allow."""

CPU_ISAS = {name: isa for name, isa in ISAS.items() if isa.backend == "cpu"}


def cpu_features(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """What this machine's processor can do, in /proc/cpuinfo's words; empty where that file does not say."""
    for line in _lines(cpuinfo):
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def cpu_name(cpuinfo: Path = _CPUINFO) -> str:
    """The processor's model name, or "unknown processor"."""
    for line in _lines(cpuinfo):
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return "unknown processor"


def widest(features: frozenset[str]) -> Isa:
    """The widest ISA that a processor with these features runs."""
    return [isa for isa in CPU_ISAS.values() if isa.features <= features][-1]


def resolve(name: Literal["native"] | CpuIsaName, features: frozenset[str] | None = None) -> Isa:
    """The ISA of that name; ``native`` is the widest that ``features`` (this machine's by default) allow.

    An ISA may be generated for without being here: see ``require``.
    """
    if name == "native":
        return widest(cpu_features() if features is None else features)
    return ISAS[name]


def require(isa: Isa, features: frozenset[str] | None = None) -> None:
    """Raise DeviceError unless this machine (or one with ``features``) runs code for ``isa``."""
    have = cpu_features() if features is None else features
    missing = sorted(isa.features - have)
    if missing:
        raise DeviceError(
            f"target.isa: must be one that this machine runs, got {isa.name} (it lacks {', '.join(missing)}), "
            f"use native or {widest(have).name}"
        )


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
