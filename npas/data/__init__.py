"""Datasets. ``npas.spec.schema.Data`` is the registry: a new one is its file, its line there and its case here."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from npas.data.dataset import DataError, Dataset, InMemory, Samples, Split
from npas.spec.schema import Data, DigitsData, ImageFolderData, NpzData, SyntheticData

__all__ = ["DataError", "Dataset", "InMemory", "Samples", "Split", "load"]


def load(data: Data, folder: Path) -> Dataset:
    """The dataset that the spec names; relative paths are relative to ``folder``.

    Raises:
        DataError: files are missing, unreadable or break a rule; the message lists all that were found.
    """
    # Each dataset is imported only where it is asked for: scikit-learn alone takes a second.
    match data:
        case DigitsData():
            from npas.data import digits

            return digits.load(data)
        case ImageFolderData():
            from npas.data import image_folder

            return image_folder.load(data, folder)
        case NpzData():
            from npas.data import npz

            return npz.load(data, folder)
        case SyntheticData():
            from npas.data import synthetic

            return synthetic.load(data)
        case _:
            assert_never(data)
