from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import build_folders as builds
import pytest

from npas.errors import NpasError, UsageError
from npas.report import html
from npas.search.candidate import Candidate
from npas.search.store import TrialStore
from npas.search.trial import Evaluation, Trial

VOID = {"meta", "path", "rect", "br", "link", "img", "input"}
HOSTILE = "</style></script><script>alert(1)</script>\"'><img src=http://evil.example/x onerror=alert(2)>\u202e\x1b[31m"


class Page(HTMLParser):
    """Parses a page strictly: every element closed in order. Collects what tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.raw = {"style": "", "script": ""}
        self.feed(text)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or (tag == "path" and not self.get_starttag_text().endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]] += data
        else:
            self.words.append(data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return builds.make(tmp_path / "digits")


def test_page_is_well_formed_and_says_the_headline(folder):
    page = Page(html.render(folder))
    for words in (
        "digits",
        "AMD EPYC 9B14, avx512 · 2 threads",
        "Constraint met: at most 0.5 ms",
        "Numerics verified",
        "0.412 ms interval [0.404, 0.420] ms dense 1.63 ms",
        "3.96× interval [3.81, 4.07]",
        "97.33 % pretrained 98.22 % → friendly 98.00 % −0.89 points against pretrained",
        "89.1 KiB dense 393 KiB",
        "admm chosen",
        "stem_act silu hard_swish",
        "built dense: only 9 input values per filter",
        "compile: 60 s deadline passed",
        "-O3 -march=x86-64-v4 -fno-exceptions",
        "4f4f4f",
    ):
        assert words in page.text, words
    assert "not measured" not in page.text.replace("Figures that were not measured say so", "")


def test_page_reaches_for_nothing_outside(folder):
    text = html.render(folder)
    page = Page(text)
    assert not re.search(r"(?i)https?:|//[a-z0-9.-]+\.[a-z]|@import|url\(", text)
    assert not {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "embed", "base", "form", "use"}
    for _, attributes in page.tags:
        assert not attributes.keys() & {"src", "href", "xlink:href", "srcset", "style", "action"}


def test_security_policy_lets_exactly_the_pages_own_style_and_script_run(folder):
    page = Page(html.render(folder))
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a)
    for element, content in page.raw.items():
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_charts_show_every_trial_the_front_and_the_budget(folder):
    page = Page(html.render(folder))
    classes = [a.get("class") or "" for tag, a in page.tags if tag == "path"]
    rows = builds.trial_rows()
    done = sum(row[4] == "done" for row in rows)
    # Two charts, each for wide and for narrow screens; the legend repeats each of the three origins once.
    assert sum(c.startswith("trial ") for c in classes) == 4 * done + 3
    assert classes.count("failed") == 2 * (len(rows) - done)
    assert classes.count("best-ring") == classes.count("dense") == classes.count("final") == 2
    assert classes.count("budget") == 2 + 1 and classes.count("front") == 4 + 1
    assert "best, trial 29" in page.text  # the one whose candidate was built
    charts = [a for tag, a in page.tags if tag == "svg" and "chart" in (a.get("class") or "")]
    assert all(a["role"] == "img" for a in charts) and len(charts) == 4


def test_marks_lie_inside_their_chart_and_the_best_one_where_its_values_are(folder):
    page = Page(html.render(folder))
    box = None
    for tag, attributes in page.tags:
        if tag == "svg":
            box = [float(v) for v in (attributes.get("viewbox") or "").split()]
        if tag == "path" and (attributes.get("transform") or "").startswith("translate("):
            x, y = map(float, attributes["transform"][10:-1].split())
            assert box[0] <= x <= box[2] and box[1] <= y <= box[3]
    at = {
        a["class"]: tuple(map(float, a["transform"][10:-1].split()))
        for tag, a in reversed(page.tags)
        if tag == "path" and a.get("class") in ("best-ring", "dense", "final")
    }
    # Faster lies left, more accurate lies up: final (0.412 ms, 97.3 %), best (0.431, 96.1), dense (1.63, 98.0).
    assert at["final"][0] < at["best-ring"][0] < at["dense"][0]
    assert at["dense"][1] < at["final"][1] < at["best-ring"][1]


def test_hostile_strings_are_words_and_nothing_else(folder):
    def poison(value):
        if isinstance(value, dict):
            return {(key if key in known else HOSTILE + key): poison(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [poison(entry) for entry in value]
        return HOSTILE if isinstance(value, str) else value

    known = set(
        re.findall(r'"(\w+)":', json.dumps([builds.manifest(), builds.bench(), builds.verify(), builds.profile()]))
    )
    known -= set(builds.SITES)
    for name in ("manifest", "bench", "verify", "profile"):
        builds.change(folder, f"{name}.json", poison(getattr(builds, name)()))
    (folder / "spec.yaml").write_text(f"name: {HOSTILE}\n")
    (folder / "search" / "trials.db").unlink()
    chosen = {HOSTILE: {"filter_type": HOSTILE, "scheme": HOSTILE, "rate": 2.0}}
    rows = [(chosen, None, None, None, "failed", HOSTILE, HOSTILE), (chosen, 0.9, 0.4, 0.9, "done", None, HOSTILE)]
    builds.write_trials(folder / "search" / "trials.db", rows)
    text = html.render(folder)
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in page.tags)
    assert "alert(1)" in page.text and "alert" not in page.raw["script"]
    assert "\u202e" not in text and "\x1b" not in text


def test_same_files_give_the_same_page_in_another_process(folder):
    here = html.render(folder)
    script = "import pathlib, sys; from npas.report import html; print(html.render(pathlib.Path(sys.argv[1])), end='')"
    environment = {**os.environ, "PYTHONHASHSEED": "12", "TZ": "Asia/Tokyo", "PYTHONIOENCODING": "utf-8"}
    root = Path(__file__).parents[2]
    run = [sys.executable, "-c", script, str(folder)]
    there = subprocess.run(run, env=environment, cwd=root, capture_output=True, check=True).stdout.decode()
    assert there == here
    assert str(folder) not in here


@pytest.mark.parametrize("name", ["bench.json", "verify.json", "profile.json", "manifest.json", "search/trials.db"])
def test_a_missing_file_is_said_and_nothing_is_invented(folder, name):
    (folder / name).unlink()
    page = Page(html.render(folder))
    assert "not measured" in page.text.lower() or "Not verified" in page.text
    if name.endswith(".json"):
        assert f"{name}: missing" in page.text


def test_a_search_that_built_nothing_yet_has_a_report(tmp_path):
    builds.write_trials(tmp_path / "search" / "trials.db", builds.trial_rows(12))
    page = Page(html.render(tmp_path))
    assert "Constraint: not measured" in page.text
    assert "Accuracy against latency" in page.text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"layers": ' + b"[" * 100_000, b'"x"'])
def test_a_broken_file_is_named(folder, content):
    (folder / "profile.json").write_bytes(content)
    page = Page(html.render(folder))
    assert "profile.json: unreadable" in page.text
    assert "Per-layer times: not measured" in page.text


def test_a_store_that_is_none_is_named(folder):
    (folder / "search" / "trials.db").write_bytes(b"not a database, at all" * 100)
    assert "search/trials.db: unreadable" in Page(html.render(folder)).text


@pytest.mark.parametrize(
    "value", [None, "fast", True, [], {}, float("nan"), float("inf"), 10**400, 1e308, 1e17, 5e-324, -1.0, 0]
)
def test_figures_of_any_kind_render(folder, value):
    for name, keys in (("manifest", builds.manifest()), ("bench", builds.bench()), ("verify", builds.verify())):
        builds.change(folder, f"{name}.json", dict.fromkeys(keys, value))
    layer = dict.fromkeys(builds.profile()["layers"][0], value)
    builds.change(folder, "profile.json", {"layers": [layer, value], "total_ms": value})
    Page(html.render(folder))


def test_trials_with_any_figures_render(tmp_path):
    figures = [0.0, -1.0, 5e-324, 1e17, 1e308, float("inf"), None, "fast"]
    rows = [({}, a, t, a, "done", None, "agent") for a in figures for t in figures]
    builds.write_trials(tmp_path / "search" / "trials.db", rows)
    Page(html.render(tmp_path))


@pytest.mark.parametrize("count", [1, 2, 400])
def test_searches_of_any_length_render(tmp_path, count):
    builds.write_trials(tmp_path / "search" / "trials.db", builds.trial_rows(count))
    Page(html.render(tmp_path))


def test_a_search_in_which_all_failed(tmp_path):
    rows = [({}, None, None, None, "failed", "no compiler", "initial")] * 3
    builds.write_trials(tmp_path / "search" / "trials.db", rows)
    page = Page(html.render(tmp_path))
    assert "No trial was measured." in page.text and "no compiler" in page.text


def test_it_reads_what_the_search_writes(tmp_path):
    with TrialStore(tmp_path / "search" / "trials.db") as store:
        chosen = Candidate.from_json(builds.candidate())
        store.add(Trial(0, chosen, "initial", Evaluation(0.91, 0.4, 2.0, 1.0), 0.91))
        store.add(Trial(1, Candidate.from_json(builds.candidate(2.0)), "agent", None, None, "out of memory"))
    page = Page(html.render(tmp_path))
    assert "trial 0 (initial): 91.00 % at 0.400 ms, reward 0.910" in page.text
    assert "trial 1 (agent) failed: out of memory" in page.text


def test_reading_the_store_leaves_it_as_it_was(folder):
    path = folder / "search" / "trials.db"
    before = path.read_bytes()
    writer = sqlite3.connect(path)
    html.render(folder)
    writer.close()
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["trials.db"]


def test_write_replaces_the_report_whole(folder):
    (folder / "report.html").write_text("old")
    path = html.write(folder)
    assert path.read_text("utf-8") == html.render(folder)
    assert not list(folder.glob(".report*"))


def test_a_write_that_fails_leaves_the_old_report(folder, monkeypatch):
    (folder / "report.html").write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NpasError, match=r"report.html: must be writable, got 'No space left on device', free"):
        html.write(folder)
    assert (folder / "report.html").read_text() == "old"
    assert not list(folder.glob(".report*"))


def test_folders_that_are_none_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for name in ("missing", "file", "empty"):
        with pytest.raises(UsageError, match=rf"{name}: must be a build folder, got .*, give "):
            html.render(tmp_path / name)


def test_words_can_be_read_in_both_themes():
    """Contrast of at least 4.5 to 1 (WCAG AA) for every pair of ink and ground that the style sheet uses."""

    def luminance(colour: str) -> float:
        channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    themes = re.findall(r":root \{(.*?)\}", (html.TEMPLATES / "report.css").read_text(), re.DOTALL)
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", theme))
        pairs = [(ink, ground) for ink in ("ink", "soft", "warm") for ground in ("card", "wash")]
        pairs += [("ink", "page"), ("soft", "page"), ("good-ink", "good"), ("bad-ink", "bad"), ("soft", "unknown")]
        for ink, ground in pairs:
            light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_every_table_has_a_caption_and_every_drawing_a_title_or_is_decoration(folder):
    text = html.render(folder)
    assert text.count("<table") == text.count("<caption")
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        assert 'aria-hidden="true"' in drawing or "<title>" in drawing


def test_the_front_lies_open_where_the_constraint_was_not_met(folder):
    front = "<details open>\n<summary>The Pareto front"
    assert front not in html.render(folder)
    builds.change(folder, "manifest.json", builds.manifest() | {"constraint_met": False})
    text = html.render(folder)
    assert front in text and "Constraint not met" in Page(text).text
