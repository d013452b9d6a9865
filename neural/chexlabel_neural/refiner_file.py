"""`refiner.json`: what a model folder holds, and when its net may change a label of the rules.

A model folder holds `refiner.json`, `tokenizer.json`, the net as `model.onnx`, and `config.json`
for PyTorch, which takes the weights from `model.safetensors` where it is there, else from the ONNX
file. No file of it is a pickle.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chexlabel.errors import RefinerError
from chexlabel_neural.classes import CHOICES, TAGGED, TRANSITIONS
from chexlabel_neural.model_folder import REFINER_FILE

__all__ = ["GateFile", "RefinerFile", "read_refiner_file", "write_refiner_file"]

Probability = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

_POLICIES = ("policy", "familiar_policy", "read_policy")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GateFile(_Strict):
    """Tells which passages the net is asked about (see `chexlabel_neural.gate`).

    Attributes:
        file: a NumPy array of the weights.
        least: the lowest score at which the net is asked.
    """

    file: str
    least: Annotated[float, Field(allow_inf_nan=False)]


class RefinerFile(_Strict):
    """The content of `refiner.json`.

    Attributes:
        format: version of this layout.
        name: the model's name, lower case.
        version: the model's version.
        about: one line for people.
        pattern_set: the pattern set whose labels it refines.
        pattern_hash: `pattern_hash` of the set that it was calibrated with.
        findings: the findings in the order of the heads, hidden ones included.
        temperature: finding -> by what its logits are divided before the softmax (Guo et al. 2017,
            arXiv:1706.04599).
        rules_weight: finding -> what is added to the logit of the rules' label, after the
            temperature, where the confidence of the label that is given is asked for; 0 where it is
            missing. It does not enter into the policy.
        policy: finding -> transition ("blank>positive", ...) -> the least probability, by the net
            alone, of the new label at which the label of the rules is changed. A transition that
            is missing is never made.
        familiar_policy: the same for passages of which the rules know every word, where they are
            seldom wrong; `policy` where it is `None`.
        read_policy: the same for passages that the rules read through (see
            `chexlabel_neural.familiarity`); `familiar_policy` where it is `None`.
        span_threshold: the least probability of a token of the words that decided.
        max_tokens: the most wordpieces of a passage, special ones included; more are cut off.
        gate: which passages the net is asked about; `None` for all.
        sha256: file name -> SHA-256 of every file of the folder but this one.
    """

    format: Literal[1] = 1
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]*$")]
    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+-]*$")]
    about: str = ""
    pattern_set: str
    pattern_hash: Digest
    findings: Annotated[tuple[str, ...], Field(min_length=1)]
    temperature: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]]
    rules_weight: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = {}
    policy: dict[str, dict[str, Probability]]
    familiar_policy: dict[str, dict[str, Probability]] | None = None
    read_policy: dict[str, dict[str, Probability]] | None = None
    span_threshold: Probability = TAGGED
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 160
    gate: GateFile | None = None
    sha256: dict[str, Digest]

    @property
    def title(self) -> str:
        """Name and version, as summaries and the evidence name the model."""
        return f"{self.name} {self.version}"

    @model_validator(mode="after")
    def _fits_together(self) -> RefinerFile:
        known = set(self.findings)
        if len(known) < len(self.findings):
            raise ValueError("findings: one stands twice; name each once")
        for key in ("temperature", "rules_weight", *_POLICIES):
            if unknown := set(getattr(self, key) or ()) - known:
                raise ValueError(f"{key}: {_listed(unknown)} is not among the findings")
        if missing := known - set(self.temperature):
            raise ValueError(f"temperature: {_listed(missing)} is missing; add it (1.0 is neutral)")
        for key in _POLICIES:
            for finding, transitions in (getattr(self, key) or {}).items():
                if unknown := transitions.keys() - TRANSITIONS.keys():
                    raise ValueError(
                        f"policy of {finding}: {_listed(unknown)} is no transition; write "
                        f"'from>to' with two of {', '.join(CHOICES)}"
                    )
        return self


def read_refiner_file(folder: Path) -> RefinerFile:
    """Read a folder's `refiner.json`.

    Raises:
        RefinerError: it is missing, no JSON, or does not fit the layout.
    """
    path = folder / REFINER_FILE
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RefinerError(
            f"refiner {folder}: there is no {REFINER_FILE} in it; give the folder of a model"
        ) from None
    except (OSError, ValueError) as error:
        raise RefinerError(f"{path}: cannot be read as JSON ({type(error).__name__})") from None
    try:
        return RefinerFile.model_validate(data)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in detail["loc"])
        said = str(detail["msg"]).removeprefix("Value error, ")
        more = error.error_count() - 1
        raise RefinerError(
            f"{path}: {where}{': ' if where else ''}{said}"
            + (f" (and {more} more)" if more else "")
        ) from None


def write_refiner_file(file: RefinerFile, folder: Path) -> None:
    """Write a folder's `refiner.json`, indented, so that changes can be read."""
    text = json.dumps(file.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / REFINER_FILE).write_text(text + "\n", "utf-8")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))
