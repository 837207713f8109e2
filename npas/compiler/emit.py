"""From a plan to the source tree: path -> bytes, pure. The same plan gives the same bytes on any machine.

Templates print frozen views and decide nothing; the hand-written runtime is copied beside what they print. A backend's
templates take the place of the common ones that have their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from mako.lookup import TemplateLookup

from npas.compiler.lower import fingerprint
from npas.compiler.plan import Plan
from npas.compiler.views import ModelView, model_view
from npas.compiler.views_kernels import KernelView, kernel_views
from npas.compiler.views_layers import LayersView, LayerView
from npas.compiler.views_opencl import SourcesView, file_of, kernels_of, sources_view
from npas.targets.isa import ISAS, Backend
from npas.targets.runtime_files import runtime_files

SourceTree = Mapping[str, bytes]

_TEMPLATES = Path(__file__).parent / "templates"
_FOLDERS: Mapping[Backend, tuple[str, ...]] = {"cpu": ("cpp",), "opencl": ("opencl", "cpp")}
View = ModelView | KernelView | LayersView | SourcesView

_MODEL = (
    ("CMakeLists.txt", "CMakeLists.txt.mako"),
    ("README.md", "README.md.mako"),
    ("include/npas/config.h", "config.h.mako"),
    ("src/api.cpp", "api.cpp.mako"),
    ("src/forward.cpp", "forward.cpp.mako"),
    ("src/layers.h", "layers.h.mako"),
    ("src/description.cpp", "description.cpp.mako"),
    ("test/golden.c", "golden.c.mako"),
)
"""Files of a model, whatever computes it, and their templates."""


def emit(plan: Plan, layer_files: int | None = None) -> SourceTree:
    """Every source file of the program, by its path under ``runtime/``; the weights file is not among them.

    Every layer has a file of its own, so that a diff stays local; ``layer_files`` says into how many they go instead,
    for a program that nobody reads and that is to be compiled soon.
    """
    backend = ISAS[plan.isa].backend
    model = model_view(plan, fingerprint(plan))
    tree: dict[str, bytes] = dict(_runtime(backend))  # the model's own files replace the runtime's defaults
    tree |= _opencl_kernels(plan, tree) if backend == "opencl" else _cpp_kernels(model)
    for path, template in (
        *_MODEL,
        (f"cmake/{plan.name}Config.cmake.in", "Config.cmake.in.mako"),
        (f"include/{plan.name}/{plan.name}.h", "api.h.mako"),
    ):
        tree[path] = _render(backend, template, model)
    for layers in _files_of(model.layers, layer_files or len(model.layers)):
        view = LayersView(model.namespace, layers)
        tree[f"src/{layers[0].function}.cpp"] = _render(backend, "layers.cpp.mako", view)
    return dict(sorted(tree.items()))


def _files_of(layers: tuple[LayerView, ...], files: int) -> Iterator[tuple[LayerView, ...]]:
    """Neighbouring layers, about as many to each file, and none empty."""
    files = min(files, len(layers))
    for i in range(files):
        yield layers[len(layers) * i // files : len(layers) * (i + 1) // files]


def _cpp_kernels(model: ModelView) -> dict[str, bytes]:
    tree = {}
    for kernel in model.kernels:
        tree[f"kernels/{kernel.name}.h"] = _render("cpu", "kernel.h.mako", kernel)
        tree[f"kernels/{kernel.name}.cpp"] = _render("cpu", f"{kernel.template}.cpp.mako", kernel)
    return tree


def _opencl_kernels(plan: Plan, tree: dict[str, bytes]) -> dict[str, bytes]:
    """Generated kernels, and a C++ file that holds the text of all; takes those out of the tree that no layer runs."""
    kernels = {kernel.name: kernel for kernel in kernel_views(plan)}
    made = {
        f"kernels/{name}.cl": _render("opencl", f"{kernel.template}.cl.mako", kernel)
        for name, kernel in kernels.items()
    }
    used = {name: f"kernels/{file_of(name, kernels)}.cl" for name in kernels_of(plan)}
    for path in [path for path in tree if path.endswith(".cl") and path not in used.values()]:
        del tree[path]
    texts = {path: (made | tree)[path].decode() for path in sorted(set(used.values()))}
    view = sources_view(plan, used, texts, tree["kernels/npas.clh"].decode())
    return {**made, "src/sources.cpp": _render("opencl", "sources.cpp.mako", view)}


@cache
def _runtime(backend: Backend) -> Mapping[str, bytes]:
    return runtime_files(backend)


@cache
def _lookup(backend: Backend) -> TemplateLookup:
    folders = [str(_TEMPLATES / name) for name in _FOLDERS[backend]]
    return TemplateLookup(directories=folders, strict_undefined=True, input_encoding="utf-8")


def _render(backend: Backend, template: str, view: View) -> bytes:
    text = _lookup(backend).get_template(template).render_unicode(view=view)
    assert isinstance(text, str)
    return text.encode()
