"""The figures of a refiner against the rules alone, and the card made of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

from chexlabel import InputError, Label, Labeler
from chexlabel_neural import card, evaluate
from chexlabel_neural.card import RunMetrics, card_html, card_markdown
from chexlabel_neural.evaluate import GoldText, SetMetrics, Share, read_gold
from chexlabel_neural.refiner_file import read_refiner_file

_TEXTS = [
    GoldText("General wetness.", {"Edema": Label.POSITIVE}, "new words"),  # repaired
    GoldText("No edema.", {"Edema": Label.NEGATIVE}, "plain"),  # right before and after
    GoldText("Pulmonary edema, dryness.", {"Edema": Label.POSITIVE}, "plain"),  # broken
    GoldText("Nodule.", {}, "plain"),  # wrong before and after
]


@pytest.fixture(scope="module")
def metrics(tiny_model: Path) -> SetMetrics:
    rules, refined = Labeler(refine=False), Labeler(refine=tiny_model)
    return evaluate.evaluate("tiny set", _TEXTS, rules, refined, resamples=200)


def test_figures_count_what_was_repaired_and_broken(metrics: SetMetrics) -> None:
    assert (metrics.share.texts, metrics.share.rules, metrics.share.refined) == (4, 0.5, 0.5)
    assert metrics.difference == 0
    assert metrics.interval[0] < 0 < metrics.interval[1]
    assert (metrics.changes.repaired, metrics.changes.broken) == (1, 1)
    assert metrics.by_finding["Edema"].repaired == 1
    assert metrics.by_transition["positive>negative"].broken == 1
    assert metrics.by_transition["blank>positive"].repaired == 1
    assert metrics.by_style["new words"].rules == 0
    assert metrics.by_style["new words"].refined == 1
    assert metrics.calibration_error is not None
    assert 0 <= metrics.calibration_error <= 1
    assert metrics.review is not None


def _run(metrics: SetMetrics) -> RunMetrics:
    return RunMetrics.model_validate(
        {
            "sources": [
                {"name": "written | text", "texts": 1200, "labels": "writers", "licence": "own"}
            ],
            "training": {
                "base": "a small encoder",
                "layers": 3,
                "parameters": 16_000_000,
                "seconds": 5400,
                "machine": "two cores",
            },
            "sets": [metrics.model_dump()],
            "limits": ["It reads <English> alone."],
            "map": {"names": ["a & b", "c"], "labels": ["c", "a & b"], "x": [0, 1], "y": [1, 0.5]},
        }
    )


def test_the_card_tells_figures_limits_and_hashes(metrics: SetMetrics, tiny_model: Path) -> None:
    file = read_refiner_file(tiny_model)
    text = card_markdown(file, _run(metrics))
    assert text.startswith("# Model card: tiny 0.1\n")
    assert "| tiny set | 4 | 50.0 % | 50.0 % | +0.0 (" in text
    assert "| 1 : 1 |" in text
    assert "90 minutes in all, on two cores" in text
    assert file.sha256["model.onnx"] in text
    assert file.pattern_hash in text
    assert "written \\| text" in text
    page = card_html(file, _run(metrics))
    assert "It reads &lt;English&gt; alone." in page
    assert "<polyline" in page
    assert page.count("<circle") == 2
    assert "a &amp; b</span>" in page
    assert "a & b 1, c 1" in text
    assert "<script" not in page


def test_the_card_shows_the_styles_of_many_texts_and_counts_the_others(
    metrics: SetMetrics, tiny_model: Path
) -> None:
    styles = {
        "short": Share(texts=20, rules=0.5, refined=0.75),
        "long": Share(texts=19, rules=0.5, refined=0.5),
        "odd": Share(texts=2, rules=0, refined=0),
    }
    run = _run(metrics.model_copy(update={"by_style": styles}))
    text = card_markdown(read_refiner_file(tiny_model), run)
    assert "| tiny set | short | 20 | 50.0 % | 75.0 % |" in text
    assert "| long |" not in text
    assert "Left out are styles with fewer than 20 texts: 2 of 3, with 21 texts." in text
    few = run.model_copy(update={"sets": [metrics]})
    text = card_markdown(read_refiner_file(tiny_model), few)
    assert "fewer than 20 texts: 2 of 2, with 4 texts." in text
    assert "| Style |" not in text


def test_the_commands_write_figures_and_card(
    metrics: SetMetrics, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = tmp_path / "gold.jsonl"
    lines = [
        json.dumps({"text": g.text, "labels": dict(g.labels), "style": g.style}) for g in _TEXTS
    ]
    gold.write_text("\n".join(lines), "utf-8")
    output = tmp_path / "sets.json"
    assert evaluate.main([str(tiny_model), f"tiny set={gold}", "-o", str(output)]) == 0
    assert "1 repaired, 1 broken" in capsys.readouterr().out
    (measured,) = json.loads(output.read_text("utf-8"))
    assert measured["changes"] == metrics.model_dump()["changes"]
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    run = tmp_path / "run.json"
    run.write_text(_run(metrics).model_dump_json(), "utf-8")
    assert card.main([str(folder), str(run)]) == 0
    assert (folder / "card.md").read_text("utf-8") == card_markdown(
        read_refiner_file(folder), _run(metrics)
    )
    run.write_text("{}", "utf-8")
    assert card.main([str(folder), str(run)]) == 2
    assert "no figures of a run (sources: " in capsys.readouterr().err


def test_gold_that_does_not_fit_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"text": "a", "labels": {"Edema": 1}}\n{"text": "b"}\n', "utf-8")
    with pytest.raises(InputError, match=r"gold\.jsonl, line 2"):
        read_gold(path)
    path.write_text("", "utf-8")
    with pytest.raises(InputError, match="holds no texts"):
        read_gold(path)
