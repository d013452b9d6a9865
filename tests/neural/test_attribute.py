"""Attribution: which words a reading stands on, checked by leaving them out."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

from chexlabel import Labeler
from chexlabel.cli import main
from chexlabel_neural.attribute import LEAVE_ONE_OUT, attribute, strong_cluster
from chexlabel_neural.refine import RefinerJudge

_TEXT = "FINDINGS: Heart normal. Some <i>general</i> wetness of the bases."


def _left_out(labeler: Labeler, text: str, threshold: float | None = None):
    judge = labeler._refiner
    assert isinstance(judge, RefinerJudge)
    return attribute(text, labeler(text), judge, threshold, LEAVE_ONE_OUT)


@pytest.fixture(scope="module")
def refined(tiny_model: Path) -> Labeler:
    return Labeler(refine=tiny_model)


def test_the_word_that_decides_is_kept_and_the_label_goes_with_it(refined: Labeler) -> None:
    (edema,) = _left_out(refined, _TEXT)
    assert edema.finding == "Edema"
    assert [_TEXT[w.start : w.end] for w in edema.words if w.kept] == ["wetness"]
    assert edema.probability > 0.99
    assert edema.without < 0.5
    assert _TEXT[slice(*edema.sentence)].startswith("Some")


def test_a_label_that_the_refiner_took_back_is_attributed_too(refined: Labeler) -> None:
    (pneumothorax,) = _left_out(refined, "Unsaid pneumothorax.")
    assert pneumothorax.label is None
    assert [word.kept for word in pneumothorax.words] == [True, False]


def test_a_lower_threshold_keeps_more_and_a_bad_one_is_refused(refined: Labeler) -> None:
    text = "Wetness wetness dryness."
    few, many = (_left_out(refined, text, threshold)[0] for threshold in (1.0, 0.0))
    assert sum(w.kept for w in few.words) <= sum(w.kept for w in many.words)
    with pytest.raises(ValueError, match="from 0 to 1"):
        _left_out(refined, text, 2.0)


def test_the_strong_cluster_leaves_the_noise_out() -> None:
    assert strong_cluster([0.01, 3.0, 0.02, 2.5, -4.0]) == [1, 3]
    assert strong_cluster([-1.0, 0.0]) == []
    assert strong_cluster([0.2]) == [0]
    assert strong_cluster([1.0, 0.4, 0.6], threshold=0.5) == [0, 2]


def test_explain_shows_it_as_text_and_as_a_page(
    tiny_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The tiny net is no BERT: it has no embeddings to take gradients of.
    monkeypatch.setattr("chexlabel_neural.attribute.find_spec", lambda _: None)
    model = ["--refiner", str(tiny_model)]
    assert main(["explain", _TEXT, "--attribution", *model]) == 0
    said = capsys.readouterr().out
    assert "refiner (100 %)" in said
    assert "Edema + positive: Some <i>general</i> [wetness] of the bases" in said
    assert "by leaving out; the net gives it 1.00, without the marked words 0." in said
    page = tmp_path / "page.html"
    assert main(["explain", _TEXT, "--attribution", "--html", str(page), *model]) == 0
    text = page.read_text("utf-8")
    assert "<b>wetness</b>" in text
    assert "&lt;i&gt;" in text
    assert main(["explain", _TEXT, "--attribution", "--no-refine"]) == 2
    assert "of the refiner, which does not run here" in capsys.readouterr().err
    assert main(["explain", _TEXT, "--attribution-threshold", "7", *model]) == 2
