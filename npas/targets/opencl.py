"""OpenCL devices of this machine: which there are, and how programs find them.

Programs load the system's OpenCL library when they start. Where pyopencl brings a loader of its own (with PoCL behind
it, say), they are told to use that one, so that they see the devices that are listed here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from npas.errors import DeviceError
from npas.spec.schema import OpenClTarget
from npas.targets.isa import ISAS, Isa

log = logging.getLogger("npas.targets")

GET = "pip install 'npas[opencl]' brings pyopencl, with PoCL, which computes on the processor; a GPU needs its driver"
LEAST_LANES, MOST_LANES = 4, 16
HALF = "cl_khr_fp16"
"""The extension of devices that compute in half precision."""


@dataclass(frozen=True)
class OpenClDevice:
    """A device as its driver describes it."""

    platform: str
    name: str
    version: str
    driver: str
    is_processor: bool
    units: int
    lanes: int
    """Floats in a vector that it prefers, between LEAST_LANES and MOST_LANES."""
    memory: int
    most_allocation: int
    """Bytes, in all and at once."""
    extensions: tuple[str, ...]


def devices() -> tuple[OpenClDevice, ...]:
    """All devices of all platforms, in the order in which programs find them; none where there is no OpenCL.

    Raises DeviceError where pyopencl is not installed.
    """
    if find_spec("pyopencl") is None:
        raise DeviceError(f"target: an OpenCL target needs pyopencl, got none installed, {GET}")
    try:
        import pyopencl as cl
    except (ImportError, OSError) as error:
        raise DeviceError(
            f"target: an OpenCL target needs pyopencl, got one that does not load ({error}), {GET}"
        ) from None
    found: list[OpenClDevice] = []
    try:
        platforms = cl.get_platforms()
    except cl.Error:  # the loader knows no platform
        return ()
    for platform in platforms:
        try:
            found += [_described(platform, device) for device in platform.get_devices()]
        except cl.Error as error:  # its driver has no device, or is broken: others may serve
            log.info("OpenCL platform %s: %s", platform.name, error)
    return tuple(found)


def find(target: OpenClTarget) -> OpenClDevice:
    """The first device that the target's names fit. Raises DeviceError."""
    there = devices()
    for device in there:
        if target.platform.lower() in device.platform.lower() and target.device.lower() in device.name.lower():
            return device
    seen = "; ".join(f"{device.name} of {device.platform}" for device in there)
    wanted = f"{target.device or 'any device'} of {target.platform or 'any platform'}"
    if seen:
        raise DeviceError(f"target.device: must be one of this machine's ({seen}), got {wanted}, name another")
    raise DeviceError(f"target: an OpenCL target needs a device, got none on this machine, {GET}")


def isa_of(target: OpenClTarget, device: OpenClDevice) -> Isa:
    """Work items as the target says, or the device has them; of threads, vectors likewise. Numbers are as it says."""
    by_device = not device.is_processor and target.lanes is None
    items = by_device if target.work_items is None else target.work_items == "lanes"
    numbers = (target.activations, target.arithmetic)
    of_opencl = [
        isa
        for isa in ISAS.values()
        if isa.backend == "opencl" and isa.items == items and (isa.values, isa.products) == numbers
    ]
    return next(isa for isa in of_opencl if items or isa.lanes == (target.lanes or device.lanes))


def require(isa: Isa, device: OpenClDevice) -> None:
    """Raises DeviceError where the device has no arithmetic in half precision and the ISA asks for it."""
    if isa.products == "fp16" and HALF not in device.extensions:
        raise DeviceError(
            f"target.arithmetic: must be one that the device has, got fp16 on {device.name} of {device.platform}, "
            f"which has no {HALF}, leave it out: weights and activations may be fp16 there"
        )


def environment() -> Mapping[str, str]:
    """What a program must be told to find the devices that are listed here."""
    told: dict[str, str] = {}
    spec = find_spec("pyopencl")
    if "NPAS_OPENCL_LIBRARY" in os.environ or spec is None or spec.origin is None:
        return told
    package = Path(spec.origin).parent
    for folder in (package / ".libs", package.parent / "pyopencl.libs"):
        for library in sorted(folder.glob("libOpenCL*")):
            # The loader of PoCL's wheel looks for drivers in the system's folder and in this one, and for their
            # libraries where the dynamic linker does.
            paths = [str(folder), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
            told |= {"NPAS_OPENCL_LIBRARY": str(library), "PYOPENCL_HOME": str(package)}
            return {**told, "LD_LIBRARY_PATH": os.pathsep.join(paths)}
    return told


def _described(platform: Any, device: Any) -> OpenClDevice:
    import pyopencl as cl

    return OpenClDevice(
        platform=platform.name.strip(),
        name=device.name.strip(),
        version=device.version.strip(),
        driver=device.driver_version.strip(),
        is_processor=bool(device.type & cl.device_type.CPU),
        units=device.max_compute_units,
        lanes=min(max(device.preferred_vector_width_float, LEAST_LANES), MOST_LANES),
        memory=device.global_mem_size,
        most_allocation=device.max_mem_alloc_size,
        extensions=tuple(device.extensions.split()),
    )
