"""A training recipe: which text, which teachers, which student; read from a YAML file."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chexlabel.errors import InputError
from chexlabel_neural.train import TrainConfig

__all__ = ["Net", "Recipe", "read_recipe"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Net(_Strict):
    """One network to train.

    Attributes:
        layers: of the encoder.
        train: how; its keys stand in `TrainConfig`.
    """

    layers: int = Field(default=6, ge=1)
    train: TrainConfig = TrainConfig()


class Recipe(_Strict):
    """What a run is made of.

    Attributes:
        name: the model's name.
        version: the model's version.
        about: one line on the model, for people.
        patterns: the pattern set whose labels are refined.
        base: a BERT-like checkpoint, folder or hub name; by default the packaged MiniLM.
        corpus: folder of the written passages, with splits.yaml; relative to the recipe.
        reports: files of real reports, whose sentences the rules label; relative to the recipe.
        real: the most of their distinct sentences that are read.
        real_weight: what one of them counts.
        composed: how many statements are composed of the set's phrases.
        teachers: the large networks; none where the student goes on from `start`.
        student: the small one that ships.
        start: a model folder whose network is the student, instead of one taught by teachers
            (`student` and `transfer` then say nothing); relative to the recipe.
        transfer: how many passages the teachers are asked about for the student; all where there
            are not more.
        finish: how the student, once it has learned from the teachers, is trained on the labels
            themselves. Of several such runs, each from the same student, the mean of their weights
            is what ships (Wortsman et al. 2022, "Model soups", arXiv:2203.05482).
        gold: further labelled texts that thresholds are set on, as JSON Lines; relative to the
            recipe.
        composed_gold: how many statements, composed anew, thresholds are set on beside them.
        gold_weights: what a text of a source (a file's name without ending) counts there; 1 where
            it is missing; "composed" are the composed statements.
        gate_loss: the share of the net's changes, on the held-out writers and the gold texts, that
            may be given up for speed by a gate; `None` for no gate.
        seed: of what is drawn.
    """

    name: str = "chexlabel-minilm"
    version: str = "1"
    about: str = ""
    patterns: str = "chexpert14"
    base: str | None = None
    corpus: Path
    reports: list[Path] = []
    real: int = Field(default=6000, ge=0)
    real_weight: float = Field(default=0.5, gt=0)
    composed: int = Field(default=8000, ge=0)
    teachers: list[Net] = []
    student: Net = Net(layers=4)
    start: Path | None = None
    transfer: int | None = Field(default=None, ge=50)
    finish: list[TrainConfig] = []
    gold: list[Path] = []
    composed_gold: int = Field(default=0, ge=0)
    gold_weights: dict[str, float] = {}
    gate_loss: float | None = Field(default=None, ge=0, lt=1)
    seed: int = 1

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Recipe:
        if bool(self.teachers) == bool(self.start):
            raise ValueError("name either `teachers` or a `start`")
        if self.start and not self.finish:
            raise ValueError("say by `finish` how the model of `start` is trained")
        return self


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        InputError: It cannot be read, or a key is unknown or out of range.
    """
    try:
        recipe = Recipe.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = f"`{place}`: {first['msg']}" if place else first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path}: {said}") from None
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    folder = path.resolve().parent
    return recipe.model_copy(
        update={
            "corpus": folder / recipe.corpus,
            "reports": [folder / file for file in recipe.reports],
            "start": recipe.start and folder / recipe.start,
            "gold": [folder / file for file in recipe.gold],
        }
    )
