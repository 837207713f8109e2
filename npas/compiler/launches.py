"""A kernel at work, as the template of layers prints it for OpenCL: its name, work items, arguments."""

from __future__ import annotations

from dataclasses import dataclass

from npas.compiler.cpp_text import WIDTH

GROUP = 32
"""Work items of a group where an item computes a number or a pixel."""
TILES = 8
"""Where an item has several vectors, or a row, of its own, and goes through them as a thread of a processor does."""
WARPS = 64
"""Where work items are lanes of hardware: a few times what runs in step."""
INDENT = " " * 4


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel at work: ``items`` in groups of ``group`` along the first of at most three dimensions."""

    kernel: str
    items: tuple[int | str, ...]
    group: int
    arguments: tuple[str, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        return (self.kernel,)

    def text(self, indent: str = INDENT) -> str:
        """The statement, as a careful person would break it."""
        items = f"{{{', '.join(map(str, self.items))}}}"
        lines = [f'{indent}run.launch("{self.kernel}", {items}, {self.group})']
        line = hanging = indent + INDENT
        for argument in self.arguments:
            if len(line) + len(argument) + 2 > WIDTH and line.strip():
                lines.append(line)
                line = hanging
            line += f".{argument}"
        return "\n".join((*lines, f"{line};"))


@dataclass(frozen=True, slots=True)
class Loop:
    """Launches for every so many of a layer's tiles, which name the ``first`` and the ``count`` of those at hand."""

    tiles: int
    at_a_time: int
    launches: tuple[Launch, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        return tuple(launch.kernel for launch in self.launches)

    def text(self) -> str:
        """The statement."""
        tiles, most = self.tiles, self.at_a_time
        return "\n".join(
            (
                f"{INDENT}for (int first = 0; first < {tiles}; first += {most}) {{",
                f"{INDENT * 2}const int count = {tiles} - first < {most} ? {tiles} - first : {most};",
                *(launch.text(INDENT * 2) for launch in self.launches),
                f"{INDENT}}}",
            )
        )


Calls = tuple[tuple[str, ...], tuple[Launch | Loop, ...]]
"""Definitions that the launches name, a line each, and the launches."""


def numbers(*values: int) -> tuple[str, ...]:
    """Arguments of a launch."""
    return tuple(f"number({value})" for value in values)
