from __future__ import annotations

import json
import re
from pathlib import Path

import build_folders as builds
import pytest

from npas.errors import UsageError
from npas.report.abi import declarations
from npas.report.diff import CATEGORIES, diff, to_text, violations


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return builds.make(tmp_path / "a"), builds.make(tmp_path / "b")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[\d+m", "", text)


def test_equal_builds_have_no_difference(pair):
    found = diff(*pair)
    assert violations(found, CATEGORIES) == []
    assert found["schemes"]["changed"] == [] and found["code"]["files"] == []
    assert "same in all 6 layers" in to_text(found, False)
    assert "within noise" in to_text(found, False)


def test_changed_schemes_are_named_by_layer(pair):
    manifest = builds.manifest()
    manifest["candidate"]["block2_dw"] = {"filter_type": "skip", "scheme": "pattern", "rate": 1.0}
    manifest["candidate"]["stem"]["scheme"] = "filter"  # at rate 1 the scheme means nothing
    del manifest["candidate"]["classifier"]
    builds.change(pair[1], "manifest.json", manifest)
    found = diff(*pair)
    assert [entry["layer"] for entry in found["schemes"]["changed"]] == ["block2_dw", "classifier"]
    text = to_text(found, False)
    assert "block2_dw   3x3 pattern 5x → skip" in text
    assert "classifier  3x3 block 5x → (no such site)" in text
    assert violations(found, ["schemes"]) == ["schemes: 2 layers changed"]


@pytest.mark.parametrize(("final", "drift"), [(0.9700, 1), (0.9733, 0), (0.99, 0)])
def test_only_a_drop_of_accuracy_counts(pair, final, drift):
    manifest = builds.manifest()
    manifest["accuracy"]["final"] = final
    builds.change(pair[1], "manifest.json", manifest)
    assert len(violations(diff(*pair), ["accuracy"])) == drift


@pytest.mark.parametrize(
    ("median", "verdict"), [(0.412, "within noise"), (0.425, "within noise"), (0.44, "slower"), (0.38, "faster")]
)
def test_latency_needs_intervals_that_do_not_meet(pair, median, verdict):
    builds.change(pair[1], "bench.json", builds.bench() | {"latency_ms": builds.latency(median)})
    found = diff(*pair)
    assert found["latency"]["verdict"] == verdict
    assert verdict in to_text(found, False)
    assert len(violations(found, ["latency"])) == (verdict == "slower")


def test_latencies_of_different_machines_are_not_compared(pair):
    builds.change(pair[1], "bench.json", builds.bench() | {"device": "Raspberry Pi 5"})
    found = diff(*pair)
    assert "verdict" not in found["latency"] and "Raspberry Pi 5" in found["latency"]["unknown"]
    assert "cannot be compared" in violations(found, ["latency"])[0]


def test_a_gate_that_cannot_see_does_not_open(pair):
    (pair[0] / "bench.json").unlink()
    manifest = builds.manifest()
    del manifest["accuracy"], manifest["candidate"]
    builds.change(pair[0], "manifest.json", manifest)
    (pair[0] / "runtime" / "include" / "digits" / "digits.h").unlink()
    found = diff(*pair)
    assert [line.split(":")[0] for line in violations(found, CATEGORIES)] == list(CATEGORIES)
    assert to_text(found, False).count("cannot be compared") == 4


@pytest.mark.parametrize(("size", "drift"), [(1001, 1), (1000, 0), (900, 0)])
def test_only_growth_of_weights_counts(tmp_path, size, drift):
    a, b = builds.make(tmp_path / "a"), builds.make(tmp_path / "b", weights=b"\0" * size)
    found = diff(a, b)
    assert found["size"]["weights"] == {"before": 1000, "after": size, "change": size - 1000}
    assert len(violations(found, ["size"])) == drift


def test_growth_of_sources_counts(tmp_path):
    a = builds.make(tmp_path / "a")
    b = builds.make(tmp_path / "b", sources=builds.SOURCES | {"src/more.cpp": "int more;\n"})
    assert violations(diff(a, b), ["size"]) == ["size: sources grew by 10 bytes"]


def test_code_is_a_unified_diff_in_order(tmp_path):
    changed = {
        "include/digits/digits.h": builds.HEADER,
        "src/network.cpp": "// forward\nvoid forward() {\n  conv0();\n  conv2();\n}",
        "kernels/conv_bcs_avx2_r4p3.cpp": "// new\n",
        "CMakeLists.txt": "project(digits)\n",
    }
    found = diff(builds.make(tmp_path / "a"), builds.make(tmp_path / "b", weights=b"\0\1", sources=changed))
    files = {entry["path"]: entry for entry in found["code"]["files"]}
    assert list(files) == [
        "kernels/conv_bcs_avx2_r4p3.cpp",
        "kernels/conv_dense_avx2_r8p3_relu.cpp",
        "src/network.cpp",
        "weights.bin",
    ]
    assert [entry["change"] for entry in files.values()] == ["added", "removed", "changed", "changed"]
    assert files["weights.bin"]["diff"] is None and len(files["weights.bin"]["after_sha256"]) == 64
    assert "\n".join(files["src/network.cpp"]["diff"]) == (
        "--- a/runtime/src/network.cpp\n+++ b/runtime/src/network.cpp\n@@ -1,5 +1,5 @@\n // forward\n"
        " void forward() {\n   conv0();\n-  conv1();\n-}\n+  conv2();\n+}\n\\ No newline at end of file"
    )
    assert files["kernels/conv_bcs_avx2_r4p3.cpp"]["diff"][:2] == [
        "--- /dev/null",
        "+++ b/runtime/kernels/conv_bcs_avx2_r4p3.cpp",
    ]
    assert diff(tmp_path / "a", tmp_path / "b") == found
    assert json.loads(json.dumps(found)) == found


def test_abi_compares_declarations_not_spelling(pair):
    header = pair[1] / "runtime" / "include" / "digits" / "digits.h"
    spelt = builds.HEADER.replace("int threads, ", "int  threads,\n    ").replace(
        "// owns nothing", "/* other; words */"
    )
    header.write_text(spelt)
    found = diff(*pair)
    assert not found["abi"]["changed"] and violations(found, ["abi"]) == [] and len(violations(found, ["code"])) == 1
    header.write_text(spelt.replace("int  threads", "long threads").replace("SIZE 1024", "SIZE 4096"))
    found = diff(*pair)
    assert found["abi"]["removed"] == [
        "#define DIGITS_INPUT_SIZE 1024",
        "digits_status digits_create(const char *weights, int threads, digits_model **model)",
    ]
    assert violations(found, ["abi"]) == ["abi: 2 declarations removed, 2 added"]


def test_abi_version_alone_is_a_change(pair):
    builds.change(pair[1], "manifest.json", builds.manifest() | {"abi": "2"})
    found = diff(*pair)
    assert "version 1 → 2" in to_text(found, False)
    assert len(violations(found, ["abi"])) == 1


def test_declarations_of_a_header():
    assert declarations(builds.HEADER) == (
        "#define DIGITS_INPUT_SIZE 1024",
        "typedef struct digits_model digits_model",
        "typedef enum { DIGITS_OK = 0, DIGITS_BAD_WEIGHTS = 1 } digits_status",
        "digits_status digits_create(const char *weights, int threads, digits_model **model)",
        "void digits_destroy(digits_model *model)",
    )


def test_colours_add_nothing_but_colour(pair):
    builds.change(pair[1], "bench.json", builds.bench() | {"latency_ms": builds.latency(0.9)})
    (pair[1] / "runtime" / "src" / "network.cpp").write_text("// other\n")
    found = diff(*pair)
    assert "\x1b[31m" in to_text(found, True) and "\x1b" not in to_text(found, False)
    assert plain(to_text(found, True)) == to_text(found, False)


def test_nothing_reaches_the_terminal_but_text(pair):
    manifest = builds.manifest() | {
        "candidate": {"\x1b]0;owned\x07\n": {"filter_type": "\x1b[2J", "scheme": "x", "rate": 2}}
    }
    builds.change(pair[1], "manifest.json", manifest)
    (pair[1] / "runtime" / "src" / "\x1b[2Jx.cpp").write_text("a\x1b[2Jb\r\u202ec\n")
    assert not re.search("[\x1b\x07\r\u202e]", to_text(diff(*pair), False))


def test_build_trees_and_links_are_not_followed(pair, tmp_path):
    build = pair[1] / "runtime" / "build"
    build.mkdir()
    (build / "CMakeCache.txt").write_text("/home")
    (build / "x.cpp").write_text("int x;")
    (build / "CMakeFiles").mkdir()
    (build / "CMakeFiles" / "y.cpp").write_text("int y;")
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    (pair[1] / "runtime" / "src" / "link.cpp").symlink_to(secret)
    (pair[1] / "runtime" / "away").symlink_to(tmp_path)
    found = diff(*pair)
    assert [entry["path"] for entry in found["code"]["files"]] == ["away", "src/link.cpp"]
    assert "a secret" not in json.dumps(found)


def test_unknown_category_is_refused(pair):
    with pytest.raises(UsageError, match=r"--fail-on: must be among schemes, accuracy, .*, got 'speed', name"):
        violations(diff(*pair), ["speed"])


def test_missing_and_broken_folders_are_refused(pair, tmp_path):
    with pytest.raises(UsageError, match="nowhere: must be a build folder, got nothing there, give"):
        diff(pair[0], tmp_path / "nowhere")
    (pair[1] / "manifest.json").write_text("{")
    with pytest.raises(UsageError, match=r"manifest.json: must be a readable JSON object, got '.*', build it again"):
        diff(*pair)
    (pair[1] / "manifest.json").unlink()
    with pytest.raises(UsageError, match=r"manifest.json: must exist, got nothing there, give"):
        diff(*pair)


def test_unreadable_sources_are_refused(pair, monkeypatch):
    read = Path.read_bytes

    def refuse(path):
        if path.name == "network.cpp":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UsageError, match=r"network.cpp: must be readable, got 'Permission denied', change its mode"):
        diff(*pair)
