"""A model from outside the zoo, from its ONNX file to a proven, timed runtime: what is left and what can follow."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import onnx
import pytest
import tiny
from conftest import Built
from ruamel.yaml import YAML

from npas.compiler.plan import Plan
from npas.search import store
from npas.stages import lock

FILES = (
    *("spec.yaml", "plan.yaml", "npas.lock", "manifest.json", "report.html", "search/trials.db", "model.onnx"),
    *("verify.json", "bench.json", "profile.json"),
    *("runtime/CMakeLists.txt", "runtime/include/tiny/tiny.h", "runtime/weights.bin", "runtime/test/golden.bin"),
    *("runtime/tools/bench.cpp", "runtime/tools/verify.cpp", "runtime/README.md"),
)
LATENCY = {"mean", "median", "p90", "p99", "min", "count", "interval"}
KEYS = {
    "manifest.json": {
        *("name", "accuracy", "latency_ms", "dense_latency_ms", "weights_bytes", "dense_weights_bytes", "abi", "macs"),
        *("constraint_met", "constraint", "budget_ms", "npas_version", "algorithm", "algorithms", "candidate"),
        *("replacements", "dense_macs"),
    },
    "bench.json": {
        *("latency_ms", "dense_latency_ms", "ratio", "stable", "threads", "device", "compiler", "flags"),
        "binary_sha256",
    },
    "verify.json": {
        *("passed", "relative_l2", "max_abs_error", "top1_agreement", "samples", "exact_layers", "layers"),
        "first_difference",
    },
    "profile.json": {"layers", "total_ms"},
}
PROFILE_ROW = {
    *("name", "op", "shape", "scheme", "rate", "format", "kernel", "time_ms", "dense_time_ms", "share"),
    *("weights_bytes", "built_dense_because"),
}


@pytest.fixture
def found(built: Built) -> dict[str, dict[str, Any]]:
    return {name: tiny.read_json(built.folder / name) for name in KEYS}


@pytest.mark.parametrize("name", FILES)
def test_build_leaves(built: Built, name: str) -> None:
    assert (built.folder / name).stat().st_size > 0


def test_build_leaves_nothing_else(built: Built) -> None:
    known = {Path(name).parts[0] for name in FILES}
    assert {path.name for path in built.folder.iterdir()} == known


@pytest.mark.parametrize("name", KEYS)
def test_keys(found: dict[str, dict[str, Any]], name: str) -> None:
    assert not KEYS[name] - found[name].keys()


def test_keys_inside(found: dict[str, dict[str, Any]]) -> None:
    bench, manifest = found["bench.json"], found["manifest.json"]
    assert not LATENCY - bench["latency_ms"].keys()
    assert not LATENCY - bench["dense_latency_ms"].keys()
    assert bench["ratio"].keys() == {"median", "interval"}
    assert manifest["accuracy"].keys() == {"pretrained", "friendly", "final"}
    assert all(choice.keys() == {"filter_type", "scheme", "rate"} for choice in manifest["candidate"].values())
    assert all(not PROFILE_ROW - row.keys() for row in found["profile.json"]["layers"])
    assert all(not {"name", "relative_l2", "exact", "passed"} - row.keys() for row in found["verify.json"]["layers"])


def test_parity(found: dict[str, dict[str, Any]]) -> None:
    verify = found["verify.json"]
    assert verify["passed"] and verify["first_difference"] is None
    assert verify["samples"] == 16 and verify["top1_agreement"] == 1.0
    assert 0 < verify["relative_l2"] < 1e-4
    assert any(row["exact"] for row in verify["layers"])


def test_own_weights_are_used(built: Built, found: dict[str, dict[str, Any]]) -> None:
    accuracy = found["manifest.json"]["accuracy"]
    assert accuracy["pretrained"] == pytest.approx(built.torch_accuracy, abs=1e-9)
    assert built.torch_accuracy > 0.6, "a model that guesses would prove nothing"
    assert "from scratch" not in built.done.stderr


def test_figures_are_the_build_s(built: Built, found: dict[str, dict[str, Any]]) -> None:
    manifest, profile = found["manifest.json"], found["profile.json"]
    weights = (built.folder / "runtime/weights.bin").read_bytes()
    assert manifest["weights_bytes"] == len(weights)
    assert manifest["latency_ms"] == found["bench.json"]["latency_ms"]["median"]
    assert manifest["constraint_met"] and manifest["constraint"] == {"max_latency_ms": 1000.0}
    assert set(manifest["algorithms"]) == {"magnitude", "admm"} and manifest["algorithm"] in manifest["algorithms"]
    assert {(r["from"], r["to"]) for r in manifest["replacements"]} == {("silu", "hard_swish")}
    assert 0 < manifest["macs"] <= manifest["dense_macs"]
    assert sum(row["share"] for row in profile["layers"]) == pytest.approx(1.0)


def test_trials_are_all_there(built: Built, found: dict[str, dict[str, Any]]) -> None:
    trials = store.read(built.folder / "search/trials.db")
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert found["manifest.json"]["candidate"] in [trial.candidate.to_json() for trial in trials]


def test_plan_lock_and_model_are_readable_and_agree(built: Built) -> None:
    plan = Plan.model_validate(YAML(typ="safe", pure=True).load((built.folder / "plan.yaml").read_text()))
    locked = lock.read(built.folder / "npas.lock")
    model = (built.folder / "model.onnx").read_bytes()
    assert plan.name == locked.name == "tiny" and plan.isa == locked.isa
    assert locked.model == hashlib.sha256(model).hexdigest()
    assert all(locked.sources[p] == hashlib.sha256((built.folder / p).read_bytes()).hexdigest() for p in locked.sources)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    assert (built.folder / "spec.yaml").read_text() == built.spec.read_text()


def test_report_shows_the_build(built: Built) -> None:
    text = (built.folder / "report.html").read_text()
    assert text.startswith("<!") and text.rstrip().endswith("</html>") and "tiny" in text


def test_results_to_stdout_and_logs_to_stderr(built: Built) -> None:
    assert built.done.stdout.startswith("tiny\n") and built.done.stdout.rstrip().endswith("report.html")
    assert "phase 2" in built.done.stderr and "phase 2" not in built.done.stdout


def test_verify_bench_generate_report_and_diff_follow(copy: Built) -> None:
    folder = copy.folder
    before = {path: path.read_bytes() for path in (folder / "runtime").rglob("*") if path.is_file()}
    generated = tiny.npas("generate", folder, "--json")
    assert generated.code == 0 and '"changed": []' in generated.stdout, generated.stderr
    assert {path: path.read_bytes() for path in (folder / "runtime").rglob("*") if path.is_file()} == before

    (folder / "verify.json").unlink()
    verified = tiny.npas("verify", folder, "--samples", "3")
    assert verified.code == 0, verified.stderr
    assert tiny.read_json(folder / "verify.json")["samples"] == 3

    old = tiny.read_json(folder / "bench.json")
    measured = tiny.npas("bench", folder)
    assert measured.code == 0, measured.stderr
    new = tiny.read_json(folder / "bench.json")
    assert new["binary_sha256"] == old["binary_sha256"] and new["latency_ms"] != old["latency_ms"]

    (folder / "report.html").unlink()
    assert tiny.npas("report", folder).code == 0 and (folder / "report.html").exists()
    same = tiny.npas("diff", folder, folder, "--fail-on", "schemes,accuracy,latency,size,abi,code")
    assert same.code == 0, same.stderr
