"""A spec from its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npas.errors import UsageError
from npas.spec.check import check
from npas.spec.rules import broken
from npas.spec.schema import Spec
from npas.spec.violation import InvalidSpecError, Violation, closest
from npas.spec.yaml_reader import read
from npas.spec.yaml_tree import MAX_BYTES, Mapping, show


@dataclass(frozen=True)
class LoadedSpec:
    """A valid spec, the file it came from and that file's text."""

    spec: Spec
    path: Path
    text: str

    @property
    def folder(self) -> Path:
        """Where the spec's relative paths start."""
        return self.path.parent


def load(path: Path, *, files: bool = True) -> LoadedSpec:
    """Reads, checks and returns the spec at ``path``. Without ``files``, those that it names may be missing: a build's
    copy of its spec no longer lies where its relative paths start.

    Raises InvalidSpecError (a SpecError) with every violation, one per line, in file order:
    ``file:line:column field: rule, got value, hint``. Raises UsageError where there is no file to read.
    """
    text = _text(path)
    root, violations = read(text)
    if root is not None and not isinstance(root, Mapping):
        if not root.flawed:
            rule, hint = "must be 'key: value' lines at the top", "start with 'apiVersion: npas/v1'"
            violations.append(Violation(root.line, root.column, "spec", rule, show(root), hint))
        root = None
    if root is None:
        raise InvalidSpecError(path, violations)
    spec, found = check(root)
    violations += [*found.values(), *broken(root, path.parent if files else None, found)]
    if violations or spec is None:
        raise InvalidSpecError(path, violations)
    return LoadedSpec(spec, path, text)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise UsageError(f"{path}: must be a spec, got a folder, name the .yaml file in it") from None
    except FileNotFoundError:
        near = closest(path.name, [p.name for p in path.parent.glob("*.yaml")]) if path.parent.is_dir() else None
        hint = f"did you mean {str(path.parent / near)!r}?" if near else "write one with 'npas init'"
        raise UsageError(f"{path}: must be a spec, got no such file, {hint}") from None
    except OSError as error:
        raise UsageError(f"{path}: must be readable, got {error.strerror}, check its permissions") from None
    if len(data) > MAX_BYTES:
        rule = f"a spec has at most {MAX_BYTES // 1024} KiB"
        raise InvalidSpecError(path, [Violation(1, 1, "spec", rule, "more", "is it the right file?")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        got = f"the byte 0x{data[error.start]:02x}"
        violation = Violation(line, column, "spec", "must be UTF-8 text", got, "save the file as UTF-8")
        raise InvalidSpecError(path, [violation]) from None
