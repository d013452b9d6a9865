"""From a recipe to a model folder: teachers, distillation, calibration; each step resumable.

A run folder holds a folder a network, the log of each, and `manifest.json` with the versions and
hashes of all that went in.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from chexlabel.patterns.lineage import pattern_hash
from chexlabel.patterns.load import find_set
from chexlabel_neural.base import new_refiner, shrink
from chexlabel_neural.corpus import CODES
from chexlabel_neural.data import Example
from chexlabel_neural.distill import taught, transfer_set
from chexlabel_neural.export import export_refiner, load_refiner
from chexlabel_neural.model import ReportRefiner
from chexlabel_neural.model_folder import TOKENIZER, VOCABULARY, file_hashes
from chexlabel_neural.recipe import Recipe
from chexlabel_neural.refiner_file import read_refiner_file
from chexlabel_neural.sources import Sources
from chexlabel_neural.train import Epoch, TrainConfig, Trainer

__all__ = ["OnStep", "distil", "load_teacher", "train_teachers", "write_vocabulary"]

OnStep = Callable[[str, int, int, float], None]
"""Called with what is trained, the step, the number of steps and the loss."""

_LOGGED = 20  # steps between two points of the loss curve
_PACKAGES = ("chexlabel", "torch", "transformers", "tokenizers", "onnxruntime")


def train_teachers(
    recipe: Recipe, sources: Sources, run: Path, on_step: OnStep | None = None
) -> list[tuple[ReportRefiner, Tokenizer]]:
    """Train the recipe's teachers, those that are whole excepted.

    Args:
        recipe: what to train.
        sources: on what.
        run: the run folder.
        on_step: for a progress bar.

    Raises:
        ChexlabelError: As `Trainer.fit`.
    """
    training = _Run(recipe, sources.dev, run, on_step)
    teachers = []
    for number, net in enumerate(recipe.teachers, start=1):
        teacher = new_refiner(list(CODES.values()), layers=net.layers, base=recipe.base)
        training.train(f"teacher-{number}", teacher, net.train, sources.training)
        teachers.append(teacher)
    return teachers


def distil(
    recipe: Recipe,
    sources: Sources,
    teachers: Sequence[tuple[ReportRefiner, Tokenizer]],
    run: Path,
    on_step: OnStep | None = None,
) -> Path:
    """Make the student, and write its model folder (yet uncalibrated).

    It learns what the teachers say, or is the network that the recipe starts from; then it is
    finished on the labels themselves.

    Returns:
        The model folder, `run / "model"`.

    Raises:
        ChexlabelError: As `Trainer.fit`.
        RefinerError: There is no model to start from.
    """
    training = _Run(recipe, sources.dev, run, on_step)
    if recipe.start is not None:
        read_refiner_file(recipe.start)
        student = load_refiner(recipe.start)
        tokenizer = Tokenizer.from_file(str(recipe.start / TOKENIZER))
    else:
        started = time.perf_counter()
        examples = transfer_set(sources.training, size=recipe.transfer, seed=recipe.seed)
        examples = taught(examples, teachers)
        first, tokenizer = teachers[0]
        student = shrink(first, recipe.student.layers)
        training.train(
            "student", (student, tokenizer), recipe.student.train, examples, started=started
        )
    finished = []
    for number, plan in enumerate(recipe.finish, start=1):
        model = deepcopy(student)
        training.train(f"finish-{number}", (model, tokenizer), plan, sources.training)
        finished.append(model.state_dict())
    if finished:
        student.load_state_dict(
            {key: torch.stack([state[key] for state in finished]).mean(0) for key in finished[0]}
        )
    folder = run / "model"
    export_refiner(student, tokenizer, folder, [" ".join(e.words) for e in sources.training])
    write_vocabulary(sources.written, folder)
    return folder


@dataclass(frozen=True, slots=True)
class _Run:
    """What the networks of a run have in common.

    Attributes:
        recipe: what the run is made of.
        dev: the held-out text.
        folder: where all is written.
        on_step: for a progress bar.
    """

    recipe: Recipe
    dev: Sequence[Example]
    folder: Path
    on_step: OnStep | None

    def train(
        self,
        name: str,
        network: tuple[ReportRefiner, Tokenizer],
        plan: TrainConfig,
        examples: Sequence[Example],
        *,
        started: float | None = None,
    ) -> None:
        """Train a network, and note it in the manifest with the time since `started`, or now."""
        started = time.perf_counter() if started is None else started
        folder = self.folder / name
        trainer = Trainer(*network, plan, folder)
        with _logged(folder, name, self.on_step) as watch:
            history = trainer.fit(examples, self.dev, watch)
        _note(self.folder, self.recipe, name, history, time.perf_counter() - started)


def load_teacher(recipe: Recipe, run: Path, number: int) -> tuple[ReportRefiner, Tokenizer]:
    """Load a trained teacher of a run, counted from 1."""
    layers = recipe.teachers[number - 1].layers
    model, tokenizer = new_refiner(list(CODES.values()), layers=layers, base=recipe.base)
    model.load_state_dict(load_file(run / f"teacher-{number}" / "best.safetensors"))
    return model.eval(), tokenizer


def write_vocabulary(written: Sequence[Example], folder: Path) -> None:
    """Write the words of the written text: a passage of other words is strange to the network.

    Words of real reports are left out, so that the folder holds nothing of them.
    """
    letters = (
        "".join(c if c.isalpha() else " " for c in word.lower())
        for example in written
        for word in example.words
    )
    words = {word for text in letters for word in text.split()}
    (folder / VOCABULARY).write_text("\n".join(sorted(words)) + "\n", "utf-8")


@contextmanager
def _logged(
    folder: Path, name: str, on_step: OnStep | None
) -> Iterator[Callable[[int, int, float], None]]:
    """Give what is called at each step: the progress bar, and TensorBoard where it is installed."""
    writer = None
    if find_spec("tensorboard") is not None:
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(folder)

    def watch(step: int, steps: int, loss: float) -> None:
        if on_step is not None:
            on_step(name, step, steps, loss)
        if writer is not None and step % _LOGGED == 0:
            writer.add_scalar("loss", loss, step)

    try:
        yield watch
    finally:
        if writer is not None:
            writer.close()


def _note(run: Path, recipe: Recipe, name: str, history: Sequence[Epoch], seconds: float) -> None:
    """Add a network to the run's manifest."""
    path = run / "manifest.json"
    manifest: dict[str, Any] = {"networks": {}}
    if path.is_file():
        manifest = json.loads(path.read_text("utf-8"))
    manifest["recipe"] = recipe.model_dump(mode="json", exclude={"corpus", "reports"})
    if recipe.start is not None:
        manifest["start"] = file_hashes(recipe.start)
    manifest["versions"] = {package: version(package) for package in _PACKAGES}
    manifest["machine"] = {"python": platform.python_version(), "machine": platform.machine()}
    manifest["pattern_hash"] = pattern_hash(find_set(recipe.patterns))
    manifest["corpus"] = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(recipe.corpus.glob("*.tsv"))
    }
    manifest["networks"][name] = {
        "seconds": round(seconds, 1),
        "epochs": [epoch.model_dump() for epoch in history],
    }
    path.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
