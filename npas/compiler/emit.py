"""From a plan to the source tree: path -> bytes, pure. The same plan gives the same bytes on any machine.

Templates print frozen views and decide nothing; the hand-written runtime is copied beside what they print.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mako.lookup import TemplateLookup

from npas.compiler.lower import fingerprint
from npas.compiler.plan import Plan
from npas.compiler.views import ModelView, model_view
from npas.compiler.views_kernels import KernelView
from npas.compiler.views_layers import LayerView
from npas.targets.runtime_files import runtime_files

SourceTree = Mapping[str, bytes]

_TEMPLATES = Path(__file__).parent / "templates" / "cpp"
View = ModelView | KernelView | LayerView


def emit(plan: Plan, together: bool = False) -> SourceTree:
    """Every source file of the program, by its path under ``runtime/``; the weights file is not among them.

    Every layer has a file of its own, so that a diff stays local; ``together`` puts them into one, for a program that
    nobody reads and that is to be compiled soon.
    """
    model = model_view(plan, fingerprint(plan))
    tree: dict[str, bytes] = dict(_runtime())  # the model's own files replace the runtime's defaults
    for path, template in (
        ("CMakeLists.txt", "CMakeLists.txt.mako"),
        (f"cmake/{plan.name}Config.cmake.in", "Config.cmake.in.mako"),
        ("README.md", "README.md.mako"),
        (f"include/{plan.name}/{plan.name}.h", "api.h.mako"),
        ("include/npas/config.h", "config.h.mako"),
        ("src/api.cpp", "api.cpp.mako"),
        ("src/forward.cpp", "forward.cpp.mako"),
        ("src/layers.h", "layers.h.mako"),
        ("src/description.cpp", "description.cpp.mako"),
        ("test/golden.c", "golden.c.mako"),
    ):
        tree[path] = _render(template, model)
    for kernel in model.kernels:
        tree[f"kernels/{kernel.name}.h"] = _render("kernel.h.mako", kernel)
        tree[f"kernels/{kernel.name}.cpp"] = _render(f"{kernel.template}.cpp.mako", kernel)
    if together:
        tree["src/all_layers.cpp"] = _render("layers.cpp.mako", model)
    else:
        for layer in model.layers:
            tree[f"src/{layer.function}.cpp"] = _render("layer.cpp.mako", layer)
    return dict(sorted(tree.items()))


@cache
def _runtime() -> Mapping[str, bytes]:
    return runtime_files()


@cache
def _lookup() -> TemplateLookup:
    return TemplateLookup(directories=[str(_TEMPLATES)], strict_undefined=True, input_encoding="utf-8")


def _render(template: str, view: View) -> bytes:
    text = _lookup().get_template(template).render_unicode(view=view)
    assert isinstance(text, str)
    return text.encode()
