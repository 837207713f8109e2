"""``Resize`` and ``Upsample``: each axis chooses its nearest elements, or sums up weighted ones.

| symbol | meaning |
| --- | --- |
| s | scale of an axis, the result's length over the input's, n, but for rounding |
| x | place of an element of the result in the input, by the coordinate transformation |
| r | x less the index to its left, in (0, 1] |
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.steps import Steps, affordable
from npas.ops.onnx_io import OnnxCall, OnnxNode

Doubles = NDArray[np.float64]


def resized(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    shape = graph.shape(node.inputs[0]) if node.type in ("Resize", "Upsample") else None
    if shape is None:
        return None
    axes = [_Axis.of(graph.call(node), shape, i) for i in range(len(shape))]
    steps, x = Steps(graph, node), node.inputs[0]
    for i, axis in enumerate(axes):
        if axis is None:
            continue
        indices, weights = axis.taps()
        if weights.shape[1] == 1 and (weights == 1).all():
            x = steps.add("Gather", x, steps.shape(indices[:, 0]), axis=i)
        else:
            taps = tuple(int(k) for k in indices.reshape(-1))
            x = steps.add(
                "npas.Resample", x, steps.number(weights.reshape(-1)), axis=i, taps=weights.shape[1], indices=taps
            )
    extra = _outside(axes, shape, node.number("extrapolation_value", 0.0))
    return steps.replacement(x if extra is None else steps.add("Add", x, steps.number(extra)))


@dataclass(frozen=True)
class _Axis:
    """One axis that changes."""

    size: int
    count: int
    scale: float
    mode: str
    coordinates: str
    rounding: str
    cubic: float
    exclude_outside: bool
    antialias: bool
    region: tuple[float, float]

    @staticmethod
    def of(call: OnnxCall, shape: tuple[int, ...], axis: int) -> _Axis | None:
        """None where the axis stays as it is."""
        node = call.node
        sizes, scales = _targets(call, shape)
        coordinates = node.text("coordinate_transformation_mode", "half_pixel")
        if node.type == "Upsample" or call.opset < 11:
            coordinates = "asymmetric"
        mode = node.text("mode", "nearest")
        kind = {"nearest": "nearest", "linear": "linear", "bilinear": "linear", "cubic": "cubic"}.get(mode)
        if kind is None or coordinates not in _PLACES:
            raise ValueError(f"mode {mode[:20]!r} or coordinates {coordinates[:30]!r} are unknown")
        region = _region(call, shape, axis) if coordinates == "tf_crop_and_resize" else (0.0, 1.0)
        if sizes[axis] == shape[axis] and scales[axis] == 1.0 and region == (0.0, 1.0):
            return None
        # Before opset 11 nearest rounded down.
        rounding = node.text("nearest_mode", "round_prefer_floor") if call.opset >= 11 else "floor"
        return _Axis(
            size=shape[axis],
            count=sizes[axis],
            scale=scales[axis],
            mode=kind,
            coordinates=coordinates,
            rounding=rounding,
            cubic=node.number("cubic_coeff_a", -0.75),
            exclude_outside=bool(node.integer("exclude_outside", 0)),
            antialias=bool(node.integer("antialias", 0)) and scales[axis] < 1,
            region=region,
        )

    def places(self) -> Doubles:
        """x of each element."""
        found: Doubles = _PLACES[self.coordinates](self, np.arange(self.count, dtype=np.float64))
        return found

    def outside(self) -> NDArray[np.bool_]:
        """Elements that ``tf_crop_and_resize`` takes from beyond the input."""
        x = self.places()
        return (x < 0) | (x > self.size - 1) if self.coordinates == "tf_crop_and_resize" else np.zeros(len(x), bool)

    def taps(self) -> tuple[NDArray[np.int64], Doubles]:
        """Indices and weights, [count, taps] each."""
        affordable(self.count, 8 if self.scale >= 1 else 8 + int(4 / self.scale))
        x = self.places()
        left = np.ceil(x).astype(np.int64) - 1  # so that r lies in (0, 1]
        r = x - left
        if self.mode == "nearest":
            indices = (left + self._rounded_up(x, r)).clip(0, self.size - 1)[:, None]
            weights = np.ones((self.count, 1))
        else:
            first, weights = self._linear(r) if self.mode == "linear" else self._cubic(r)
            indices = left[:, None] + first + np.arange(weights.shape[1])
            if self.exclude_outside:
                weights = weights * ((indices >= 0) & (indices < self.size))
                weights = weights / weights.sum(axis=1, keepdims=True)
            indices = indices.clip(0, self.size - 1)
        weights = np.where(self.outside()[:, None], 0.0, weights)
        return indices, weights

    def _rounded_up(self, x: Doubles, r: Doubles) -> NDArray[np.bool_]:
        """Whether the element to the right is meant; r is 1 where x is an index itself."""
        whole = r == 1
        match self.rounding:
            case "round_prefer_floor":
                return np.asarray(whole | (r > 0.5))
            case "round_prefer_ceil":
                return np.asarray(whole | (r >= 0.5))
            case "floor":
                return np.asarray(whole)
            case "ceil":
                return np.ones(len(x), bool)
        raise ValueError(f"nearest_mode {self.rounding[:20]!r} is unknown")

    def _linear(self, r: Doubles) -> tuple[int, Doubles]:
        """The first tap's index less the left one's, and the weights: a tent, wider where a smaller result needs it."""
        if not self.antialias:
            return 0, np.stack([1 - r, r], axis=1)
        first = floor(-1 / self.scale) + 1
        places = np.arange(first, 2 - first)
        weights = (1 - np.abs((places - r[:, None]) * self.scale)).clip(0, 1)
        return first, weights / weights.sum(axis=1, keepdims=True)

    def _cubic(self, r: Doubles) -> tuple[int, Doubles]:
        """Keys, "Cubic convolution interpolation for digital image processing", 1981."""
        if not self.antialias:
            return -1, self._kernel(np.arange(-1, 3) - r[:, None])
        first = floor(-2 / self.scale) + 1
        weights = self._kernel((np.arange(first, 2 - first) - r[:, None]) * self.scale)
        return first, weights / weights.sum(axis=1, keepdims=True)

    def _kernel(self, distance: Doubles) -> Doubles:
        a, d = self.cubic, np.abs(distance)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def _half_pixel(axis: _Axis, i: Doubles) -> Doubles:
    return (i + 0.5) / axis.scale - 0.5


def _align_corners(axis: _Axis, i: Doubles) -> Doubles:
    length = axis.scale * axis.size
    return i * 0 if length == 1 else i * (axis.size - 1) / (length - 1)


def _crop(axis: _Axis, i: Doubles) -> Doubles:
    length, (begin, end) = axis.scale * axis.size, axis.region
    last = axis.size - 1
    if length == 1:
        return i * 0 + 0.5 * (begin + end) * last
    return begin * last + i * (end - begin) * last / (length - 1)


def _symmetric(axis: _Axis, i: Doubles) -> Doubles:
    """Half pixels about the middle of what the scale asks for."""
    return axis.size / 2 * (1 - axis.count / (axis.scale * axis.size)) + _half_pixel(axis, i)


_PLACES = {
    "half_pixel": _half_pixel,
    "pytorch_half_pixel": lambda axis, i: _half_pixel(axis, i) if axis.count > 1 else i * 0,
    "half_pixel_symmetric": _symmetric,
    "align_corners": _align_corners,
    "asymmetric": lambda axis, i: i / axis.scale,
    "tf_crop_and_resize": _crop,
}


def _targets(call: OnnxCall, shape: tuple[int, ...]) -> tuple[list[int], list[float]]:
    """Length and scale of each axis."""
    node, rank = call.node, len(shape)
    if node.type == "Upsample" and call.opset < 9:
        attribute = node.attributes.get("scales", ())
        given: list[float] | None = [float(s) for s in attribute] if isinstance(attribute, tuple) else None
        places, sizes = list(range(rank)), None
    else:
        at = 1 if node.type == "Upsample" or call.opset < 11 else 2
        given = [float(s) for s in call.constant(at).reshape(-1)] if call.has(at) else None
        sizes = [int(d) for d in call.constant(3).reshape(-1)] if at == 2 and call.has(3) else None
        places = [a % rank for a in node.integers("axes", tuple(range(rank)))]
    lengths, scales = list(shape), [1.0] * rank
    if sizes:
        ratios = [d / shape[a] for a, d in zip(places, sizes, strict=True)]
        policy = node.text("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            ratio = min(ratios) if policy == "not_larger" else max(ratios)
            ratios = [ratio] * len(ratios)
            sizes = [floor(ratio * shape[a] + 0.5) for a in places]
        for a, d, ratio in zip(places, sizes, ratios, strict=True):
            lengths[a], scales[a] = d, ratio
    elif given:
        for a, s in zip(places, given, strict=True):
            lengths[a], scales[a] = floor(shape[a] * s), s
    else:
        raise ValueError("needs scales or sizes")
    if min(lengths) < 1 or min(scales) <= 0:
        raise ValueError(f"cannot resize {list(shape)} to {lengths}")
    return lengths, scales


def _region(call: OnnxCall, shape: tuple[int, ...], axis: int) -> tuple[float, float]:
    places = [a % len(shape) for a in call.node.integers("axes", tuple(range(len(shape))))]
    if axis not in places:
        return 0.0, 1.0
    region, at = call.constant(1).reshape(-1), places.index(axis)
    if len(region) != 2 * len(places):
        raise ValueError(f"roi must be {2 * len(places)} numbers, got {len(region)}")
    return float(region[at]), float(region[at + len(places)])


def _outside(axes: list[_Axis | None], shape: tuple[int, ...], value: float) -> Doubles | None:
    """The value, where any axis is outside; what is inside adds nothing."""
    if value == 0.0 or not any(axis is not None and axis.outside().any() for axis in axes):
        return None
    found = np.zeros(1, bool)
    for i, axis in enumerate(axes):
        if axis is not None:
            found = found | axis.outside().reshape([-1 if i == j else 1 for j in range(len(shape))])
    return np.where(found, value, 0.0)
