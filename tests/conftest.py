"""What every test gets: caches of its own run, one thread for torch, no network."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before torch is imported: workers of xdist and the children of tests share few cores.
os.environ["OMP_NUM_THREADS"] = "1"

_LOCAL = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run: the workers of xdist have folders of their own inside it."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def caches(run_folder: Path) -> Iterator[Path]:
    """Objects and results are cached beside the tests' other files: nothing is found that an earlier run left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(run_folder / "cache"))
        patch.setenv("NPAS_CACHE", str(run_folder / "cache" / "npas"))
        patch.delenv("NPAS_DEBUG", raising=False)
        yield run_folder / "cache" / "npas"


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that leaves this machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL:
            raise AssertionError(f"tests need no network, got a connection to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
