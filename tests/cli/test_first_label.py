"""A run over a short table loads and builds what it needs, and nothing else."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chexlabel import Labeler
from chexlabel._regex import compiled_later
from chexlabel.patterns.cache import load_compiled

SLOW_TO_LOAD = [
    # What the core is installed with,
    *("charset_normalizer", "lxml", "pydantic", "rich", "shtab", "yaml"),
    # what the extras are,
    *("numpy", "onnxruntime", "openpyxl", "pandas", "pyarrow", "scipy", "sklearn", "spacy"),
    *("tokenizers", "torch", "transformers"),
    # and what of Python itself is needed for other files, for errors, for worker processes.
    *("asyncio", "concurrent.futures", "dataclasses", "difflib", "gzip", "importlib.metadata"),
    *("inspect", "logging", "multiprocessing", "shutil", "tarfile", "tempfile", "traceback"),
    "zipfile",
]
TEXT = "FINDINGS: No pleural effusion. The heart is enlarged.\nIMPRESSION: Possible pneumonia."


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEXLABEL_CACHE", str(tmp_path / "cache"))
    load_compiled()  # the first run on a machine compiles, unless the wheel brings the set


def test_labeling_a_csv_by_the_rules_loads_nothing_slow(tmp_path: Path) -> None:
    source, output = tmp_path / "reports.csv", tmp_path / "labels.csv"
    source.write_text(f'study_id,report\n1,"{TEXT}"\n', "utf-8")
    script = (
        "import sys; from chexlabel.cli import main; "
        f"status = main([{str(source)!r}, '-o', {str(output)!r}, '--no-refine']); "
        f"print(status, [m for m in {SLOW_TO_LOAD!r} if m in sys.modules])"
    )
    # -S: what an environment's own .pth files load is no matter of ours
    paths = [path for path in sys.path if path]
    script = f"import sys; sys.path[:0] = {paths!r}; " + script
    said = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "0 []"
    header, row = output.read_text("utf-8").splitlines()
    labels = dict(zip(header.split(","), row.split(","), strict=True))
    assert labels["Pleural Effusion"] == "0.0"
    assert labels["Cardiomegaly"] == "1.0"
    assert labels["Pneumonia"] == "-1.0"


def test_the_refiner_that_ships_needs_neither_yaml_nor_pydantic(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra refine is not installed")
    script = (
        "import sys; from chexlabel import Labeler; labeler = Labeler(refine=True);"
        f"print(labeler.refiner, labeler.label({TEXT!r}) is not None,"
        "[m for m in ('pydantic', 'yaml', 'torch', 'transformers') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert said.stdout.strip().endswith("True []")


def test_a_text_reads_little_of_a_compiled_set() -> None:
    labeler = Labeler(refine=False)
    lexicon = labeler.patterns.lexicon
    stored = lexicon._stored
    assert stored is not None
    labeler.label(TEXT)
    assert 0 < len(stored._roles) < 100
    assert 0 < len(lexicon._nodes) < len(stored.node_states) / 4
    read = [state for state in lexicon._automaton.read if state is not None]
    assert len(read) < stored.states / 4


def test_what_is_read_of_a_compiled_set_is_what_was_compiled() -> None:
    from chexlabel.patterns.compile import load_patterns

    compiled, stored = load_patterns().lexicon, load_compiled().lexicon
    assert stored.plain["pnuemothorax"] == compiled.plain["pnuemothorax"] != ""
    for words in (
        ["small", "left", "pleural", "effusion"],
        ["air", "in", "the", "right", "apical", "pleural", "space"],
        ["no", "zork"],
    ):
        one, other = compiled.start, stored.start
        for word in words:
            symbol = compiled.symbols[word]
            assert stored.symbols[word] == symbol
            following, also = one.after(symbol), other.after(symbol)
            assert (following is None) is (also is None)
            if following is None or also is None:
                break
            assert also.roles == following.roles
            assert also.layers == following.layers
            assert also.states == following.states
            one, other = following, also


def test_an_expression_is_compiled_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_now = re.compile

    def noted(pattern: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(pattern)
        return compile_now(pattern, flags)

    monkeypatch.setattr(re, "compile", noted)
    word = compiled_later("[a-z]+", re.IGNORECASE)
    assert compiled == []
    assert word.findall("No effusion") == ["No", "effusion"]
    assert word.findall("Edema") == ["Edema"]
    assert compiled == ["[a-z]+"]
    again = pickle.loads(pickle.dumps(word))  # noqa: S301 - our own
    assert again.search("-No-")[0] == "No"
    with pytest.raises(re.error):
        compiled_later("[").search("a")
