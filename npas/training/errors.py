"""What can go wrong in training that is not a bug."""

from __future__ import annotations

from npas.errors import NpasError


class TrainingError(NpasError):
    """Network and data do not fit, the loss left the finite numbers, or a stored network is not the one expected."""
