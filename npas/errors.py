"""Errors a user can meet. Each one knows its exit code; the CLI prints the message and nothing else.

Messages follow one pattern: ``where: rule, got value, what to do``.
"""

from __future__ import annotations

from typing import ClassVar


class NpasError(Exception):
    """Base of every error that is the user's, the model's or the machine's, never a bug of ours."""

    exit_code: ClassVar[int] = 1


class UsageError(NpasError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class SpecError(NpasError):
    """The spec breaks a rule. The message holds every violation, one ``file:line:column`` line each."""

    exit_code = 3


class UnsupportedError(NpasError):
    """The model needs operators, shapes or files that NPAS does not take."""

    exit_code = 4


class ConstraintError(NpasError):
    """No network that meets the latency constraint was found. The message shows the front that was."""

    exit_code = 5


class NumericsError(NpasError):
    """The generated program does not compute what ONNX Runtime computes."""

    exit_code = 6


class DeviceError(NpasError):
    """The device is missing, was lost, or did not answer in time."""

    exit_code = 7


class CompileError(NpasError):
    """No usable compiler, or it refused the generated code."""

    exit_code = 8


class DriftError(NpasError):
    """A locked build or a diff found a difference that was not allowed."""

    exit_code = 9
