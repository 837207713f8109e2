"""What a user may write: the schema, and the loader that says where a file breaks it."""

from npas.spec.loader import LoadedSpec, load
from npas.spec.schema import Spec
from npas.spec.violation import InvalidSpecError

__all__ = ["InvalidSpecError", "LoadedSpec", "Spec", "load"]
