"""Sums and products seen through their constants, so that a pattern is written once and not in every order.

Symbols: c a number, x and y names of values. Exporters write 0.5 * x * (1 + y) in any order and grouping, with
divisions and subtractions; here all of them are one coefficient and two factors.
"""

from __future__ import annotations

from math import isclose

from npas.frontend.raw import RawGraph


def sum_with_constant(graph: RawGraph, value: str) -> tuple[float, str] | None:
    """(c, x) where the value is computed as c + x."""
    if node := graph.made_by(value, "Add"):
        for c, x in (node.inputs, node.inputs[::-1]):
            if (number := graph.scalar(c)) is not None:
                return number, x
    if (node := graph.made_by(value, "Sub")) and (number := graph.scalar(node.inputs[1])) is not None:
        return -number, node.inputs[0]
    return None


def scaled(graph: RawGraph, value: str) -> tuple[float, str]:
    """(c, x) where the value is c * x; all constant factors are taken."""
    c, looking = 1.0, True
    while looking:
        looking = False
        if node := graph.made_by(value, "Mul"):
            for number, x in (node.inputs, node.inputs[::-1]):
                if (factor := graph.scalar(number)) is not None:
                    c, value, looking = c * factor, x, True
                    break
        elif (node := graph.made_by(value, "Div")) and (divisor := graph.scalar(node.inputs[1])):
            c, value, looking = c / divisor, node.inputs[0], True
    return c, value


def product(graph: RawGraph, value: str) -> tuple[float, str, str] | None:
    """(c, x, y) where the value is c * x * y."""
    c, rest = scaled(graph, value)
    node = graph.made_by(rest, "Mul")
    if node is None:
        return None
    (a, x), (b, y) = (scaled(graph, i) for i in node.inputs)
    return a * b * c, x, y


def power(graph: RawGraph, value: str, base: str) -> tuple[float, int] | None:
    """(c, n) where the value is c * base^n."""
    c, rest = scaled(graph, value)
    if rest == base:
        return c, 1
    if (node := graph.made_by(rest, "Pow")) and (exponent := graph.scalar(node.inputs[1])) in (2.0, 3.0):
        assert exponent is not None
        inner = power(graph, node.inputs[0], base)
        return None if inner is None else (c * inner[0] ** exponent, inner[1] * int(exponent))
    if node := graph.made_by(rest, "Mul"):
        left, right = (power(graph, i, base) for i in node.inputs)
        if left and right and left[1] + right[1] <= 3:
            return c * left[0] * right[0], left[1] + right[1]
    return None


def near(a: float, b: float) -> bool:
    """Equal up to float32's rounding of constants (exporters shorten some of them)."""
    return isclose(a, b, rel_tol=2e-5, abs_tol=1e-6)
