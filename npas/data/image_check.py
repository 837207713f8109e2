"""Reads every image once before any training, so that a truncated file costs seconds and not a night."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from npas.targets.objects import default_cache

log = logging.getLogger("npas.data")

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "PPM")
"""What files are taken as: Pillow's other decoders stay shut, as the files are not ours."""

TOO_MANY_PIXELS = 2**27
"""A file of some kilobytes can claim gigabytes of pixels."""


def broken_images(root: Path, paths: Sequence[Path], workers: int) -> list[tuple[Path, str]]:
    """Every unreadable file and why, in order. A folder found whole is not read again until it changes."""
    mark = _mark(root, paths)
    if mark is not None and mark.exists():
        return []
    log.info("%s: checking %d images", root, len(paths))
    # Threads: Pillow's decoders let go of the interpreter's lock.
    with ThreadPoolExecutor(max(1, workers)) as pool:
        reasons = list(pool.map(_broken, paths))
    broken = [(path, reason) for path, reason in zip(paths, reasons, strict=True) if reason is not None]
    if not broken and mark is not None:
        _leave(mark)
    return broken


def _broken(path: Path) -> str | None:
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > TOO_MANY_PIXELS:
                return f"{image.width} x {image.height} pixels"
            # JPEGs decode at an eighth of their size here: all of the file is read, most of the work is not done.
            image.draft("L", (1, 1))
            image.load()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        return str(error) or type(error).__name__
    return None


def _mark(root: Path, paths: Sequence[Path]) -> Path | None:
    """The file whose presence says that exactly these files (path, size, time) were found whole."""
    digest = hashlib.sha256(os.fsencode(root.resolve()))
    try:
        for path in paths:
            state = path.stat()
            digest.update(os.fsencode(path.relative_to(root)) + b"\0%d\0%d\0" % (state.st_size, state.st_mtime_ns))
        cache = default_cache()
    except (OSError, RuntimeError):
        return None  # a dangling link, which the check will name, or no home folder
    return cache / "images" / digest.hexdigest()


def _leave(mark: Path) -> None:
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError as error:
        log.warning("%s: cannot be written (%s), the images will be checked again next time", mark, error)
