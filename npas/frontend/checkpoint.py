"""Weights from .pth, .safetensors and .npz files. Nothing is unpickled but tensors."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from npas.errors import UnsupportedError
from npas.graph.graph import Array
from npas.ops.base import Shape

MAX_HEADER = 100 << 20


def read_state(path: Path) -> dict[str, Array]:
    """Name -> float32 array. Raises UnsupportedError where the file is none of the three, or broken."""
    readers = {".pth": _read_torch, ".pt": _read_torch, ".npz": _read_npz, ".safetensors": _read_safetensors}
    if path.suffix not in readers:
        raise UnsupportedError(f"{path.name}: weights must be a .pth, .safetensors or .npz file, got {path.suffix!r}")
    try:
        return readers[path.suffix](path)
    except OSError as error:
        raise UnsupportedError(f"{path.name}: cannot be read ({error.strerror or error}); check weights") from error
    except (ValueError, KeyError, TypeError, RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile) as e:
        reason = " ".join(str(e).split())[:200]
        raise UnsupportedError(f"{path.name}: not a file of plain tensors ({reason}); save a state dict") from e


def _read_torch(path: Path) -> dict[str, Array]:
    state = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]  # As training scripts save it, beside their optimiser.
    if not isinstance(state, Mapping) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ValueError("a state dict maps names to tensors")
    return {str(name): tensor.detach().to(torch.float32).numpy() for name, tensor in state.items()}


def _read_npz(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: np.asarray(arrays[name], np.float32) for name in arrays.files}


def _read_safetensors(path: Path) -> dict[str, Array]:
    """An 8-byte length, a JSON header, and the tensors' bytes (huggingface.co/docs/safetensors)."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(MAX_HEADER, len(data) - 8):
        raise ValueError("the header is cut short")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
        raise ValueError("the header is not a table of tensors")
    types = {"F32": "<f4", "F64": "<f8", "F16": "<f2", "I64": "<i8"}
    state = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if entry["dtype"] not in types or not 0 <= begin <= end <= len(body):
            raise ValueError(f"tensor {ascii(name)[:80]} has type {entry['dtype']} or lies outside the file")
        array = np.frombuffer(body[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
        state[str(name)] = array.astype(np.float32)
    return state


def fitted(state: Mapping[str, Array], wanted: Mapping[str, Shape], where: str) -> dict[str, Array]:
    """Exactly the wanted weights. Raises UnsupportedError with all that is missing, unexpected or mis-shaped."""
    complaints = [f"missing {name}" for name in wanted if name not in state]
    complaints += [f"unexpected {name!a}" for name in state if name not in wanted]
    shared = [name for name in wanted if name in state]
    complaints += [
        f"{name} must have shape {list(wanted[name])}, got {list(state[name].shape)}"
        for name in shared
        if state[name].shape != tuple(wanted[name])
    ]
    complaints += [f"{name} must be finite" for name in shared if not np.isfinite(state[name]).all()]
    if complaints:
        raise UnsupportedError(f"{where}: weights do not fit the network: {'; '.join(complaints)}")
    return {name: np.ascontiguousarray(state[name], np.float32) for name in wanted}
