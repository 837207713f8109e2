"""What every benchmark script shares: ``--json FILE``, ``--check``, and the headline printed last."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every script takes."""
    options = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options.add_argument("--check", action="store_true", help="exit 1 where a target is missed")
    return options


def finish(given: argparse.Namespace, result: Mapping[str, Any], headline: str, missed: Sequence[str]) -> int:
    """Writes the figures, prints the headline, and gives the exit status."""
    if given.json is not None:
        given.json.write_text(json.dumps({**result, "headline": headline, "missed": list(missed)}, indent=2) + "\n")
    print(headline if not missed else f"{headline} (missed: {', '.join(missed)})")
    return 1 if given.check and missed else 0
