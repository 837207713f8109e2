"""The width multiplier's rounding, shared by the networks."""

from __future__ import annotations

SMALL = 64
"""Inputs below this many pixels get the small-image variant of a network."""


def scaled(channels: int, width: float) -> int:
    """``channels * width`` rounded to a multiple of 8, at least 8, never more than 10 % down.

    Source: MobileNet-V2's reference code (``_make_divisible``), as torchvision has it.
    """
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
