"""Adapting a refiner to a hospital's own wording, with the rules as teacher."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from chexlabel import Labeler
from chexlabel.errors import InputError, RefinerError
from chexlabel_neural.data import label_by_rules
from chexlabel_neural.distill import taught
from chexlabel_neural.export import export_refiner, load_refiner
from chexlabel_neural.model_folder import TOKENIZER, VOCABULARY, file_hashes
from chexlabel_neural.pipeline import OnStep
from chexlabel_neural.refiner_file import read_refiner_file, write_refiner_file
from chexlabel_neural.select import default_model
from chexlabel_neural.sources import real_sentences
from chexlabel_neural.train import TrainConfig, Trainer

__all__ = ["adapt"]

_PLAN = TrainConfig(epochs=2, rate=5e-5, soft_weight=0.5, noise=0.0, join=0.0)


def adapt(
    reports: Sequence[Path],
    out: Path,
    *,
    model: Path | None = None,
    plan: TrainConfig = _PLAN,
    on_step: OnStep | None = None,
) -> Path:
    """Train a refiner further on the sentences of reports.

    Half of what it is taught is what the rules say of them, half what it says itself: so it learns
    the words of the place and keeps what it knows. Its thresholds stay as they were.

    Args:
        reports: files of reports, as the command reads them.
        out: the run folder.
        model: the model folder to begin with; by default the one that ships.
        plan: how to train.
        on_step: for a progress bar.

    Returns:
        The adapted model's folder, `out / "model"`.

    Raises:
        InputError: A file cannot be read, or holds too few sentences.
        RefinerError: There is no model.
    """
    start = model or default_model("chexpert14")
    if start is None:
        raise RefinerError("no refiner is installed to begin with; name a model folder")
    file = read_refiner_file(start)
    labeler = Labeler(file.pattern_set, refine=False)
    sentences = sorted(real_sentences(reports, labeler))
    if not sentences:
        raise InputError("the reports hold no sentence that labels come from")
    network = load_refiner(start)
    tokenizer = Tokenizer.from_file(str(start / TOKENIZER))
    examples = taught(label_by_rules(sentences, labeler, weight=1.0), [(network, tokenizer)])
    # Every tenth sentence only says when to stop.
    trainer = Trainer(network, tokenizer, plan, out / "adapted")
    trainer.fit(
        [e for at, e in enumerate(examples) if at % 10],
        examples[::10],
        None if on_step is None else lambda s, n, loss: on_step("adapted", s, n, loss),
    )
    folder = out / "model"
    export_refiner(network, tokenizer, folder, sentences)
    if (start / VOCABULARY).is_file():
        shutil.copyfile(start / VOCABULARY, folder / VOCABULARY)
    adapted = file.model_copy(
        update={"version": f"{file.version}+adapted", "sha256": file_hashes(folder)}
    )
    write_refiner_file(adapted, folder)
    return folder
