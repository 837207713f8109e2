"""Rewrites of the network itself: friendly operators (phase 1) and filter types (phase 2)."""

from __future__ import annotations

from npas.rewrite.friendly import Replacement, friendly

__all__ = ["Replacement", "friendly"]
