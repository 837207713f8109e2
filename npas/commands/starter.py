"""The spec that ``npas init`` writes: valid as it is, with everything that is worth changing named in it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from npas.errors import UnsupportedError, UsageError
from npas.spec.rules import reserved

_SPEC = """\
# yaml-language-server: $schema=npas.schema.json
# (completion in your editor: npas schema > npas.schema.json)
apiVersion: npas/v1

# Prefix of every symbol of the generated runtime, and its folder's name.
name: {name}

# The network. Others: {{type: onnx, path: model.onnx}}
#                      {{type: torch, factory: "my_package.models:build", trained: true}}
#                      {{type: zoo, name: resnet18, width: 1.0}}
model: {model}

# Images to train and test with. Others: {{type: image_folder, path: imagenet, size: 224}}
#                                        {{type: npz, path: data.npz}}
data: {data}

# Where it will run. isa: native, portable, avx2 or avx512.
target: {{type: cpu, isa: native, threads: 1, device: {{type: local}}}}

# The latency budget: max_latency_ms: 2.0, or as here a share of the unpruned network's latency on the target.
constraint: {{max_latency_ratio: 0.5}}

# Everything below may be left out: these are the defaults.
search:
  filter_types: [1x1, 3x3, 3x3dw_1x1, 1x1_3x3dw_1x1, skip]
  schemes: [unstructured, filter, pattern, block, block_punched]
  rates: [1, 2, 2.5, 3, 5, 7, 10]  # weights before / weights kept
  trials: 40  # candidates evaluated; more find better ones
  batch: 4
  epochs: 2  # of training per candidate
  seed: 0

pruning:
  algorithms: [magnitude, iterative_magnitude, admm, geometric_median]
  epochs: 20  # for the algorithm that does best in trial_epochs
  trial_epochs: 3
  distillation: true  # learn from the unpruned network too

verify: {{samples: 64}}  # images compared with ONNX Runtime
"""


def starter(name: str | None, model: Path | None, folder: Path) -> tuple[str, str]:
    """The name and the text of a new spec in ``folder``.

    Raises UsageError for a name that no spec may have, UnsupportedError for a model that is no ONNX file.
    """
    if model is None:
        chosen = name or "digits"
        network, data = "{type: zoo, name: mobilenet_v2, width: 0.5}", "{type: digits, size: 32}"
    else:
        chosen = name or re.sub(r"[^a-z0-9]+", "_", model.stem.lower()).strip("_")
        chosen = chosen if chosen[:1].isalpha() else f"net_{chosen}".rstrip("_")
        chosen = f"{chosen}_net" if reserved(chosen) else chosen
        channels, height, width = _image_shape(model)
        network = f"{{type: onnx, path: {_quoted(os.path.relpath(model, folder))}}}"
        data = f"{{type: synthetic, shape: [{channels}, {height}, {width}], classes: 10}}  # random: put yours here"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", chosen) or reserved(chosen):
        rule = "must be a lower-case letter, then at most 39 of a-z, 0-9 and _, and no word of C++"
        raise UsageError(f"--name: {rule}, got {chosen!r}, choose another with --name")
    return chosen, _SPEC.format(name=chosen, model=network, data=data)


def _image_shape(model: Path) -> tuple[int, int, int]:
    """(channels, height, width) of the network's first input; sizes that it leaves open are 3 and 224."""
    import onnx
    from google.protobuf.message import DecodeError

    if not model.is_file():
        raise UsageError(f"--model: must be an ONNX file, got {str(model)!r}, which does not exist")
    try:
        graph = onnx.load(str(model), load_external_data=False).graph
    except DecodeError:
        raise UnsupportedError(f"{model}: must be an ONNX file, got something else, export it again") from None
    weights = {initializer.name for initializer in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    sizes = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim] if inputs else []
    if len(sizes) != 4:
        got = f"{len(sizes)} dimensions" if inputs else "no input"
        raise UnsupportedError(f"{model}: must take images [N, C, H, W], got {got}, NPAS cannot prune it")
    channels, height, width = sizes[1:]
    return channels or 3, height or 224, width or 224


def _quoted(text: str) -> str:
    """Text as a YAML flow scalar."""
    if re.fullmatch(r"[A-Za-z0-9._/][A-Za-z0-9._/-]*", text) and not re.fullmatch(r"[0-9._]+", text):
        return text
    return "'" + text.replace("'", "''") + "'"
