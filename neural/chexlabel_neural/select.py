"""Which model refines a pattern set, if one does, and why not if none."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from chexlabel.errors import RefinerError
from chexlabel_neural.model_folder import REFINER_FILE
from chexlabel_neural.released_file import read_released_file

if TYPE_CHECKING:
    from chexlabel.engine.judges import Judge
    from chexlabel.patterns.lineage import Ancestor
    from chexlabel.patterns.pattern_set import PatternSet
    from chexlabel_neural.refine import RefinerJudge
    from chexlabel_neural.refiner_file import RefinerFile

__all__ = [
    "default_model",
    "installed_refiner",
    "missing_runtime",
    "models_folder",
    "select_refiner",
    "shared_findings",
    "stated_refiner",
]

_PACKAGED = Path(__file__).parent / "models"
_CHECKOUT = Path(__file__).parents[1] / "models"  # an editable install reads the repository's
_INSTALL = "install it with: python -m pip install 'chexlabel[refine]'"


def models_folder() -> Path:
    """Return the folder of the models that ship with the package."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def default_model(pattern_set: str) -> Path | None:
    """Return the folder of the model that ships for a pattern set, `None` where there is none."""
    folder = models_folder() / pattern_set
    return folder if (folder / REFINER_FILE).is_file() else None


def missing_runtime() -> list[str]:
    """Return what the refiner needs on a CPU and is not installed, by the packages' names."""
    return [name for name in ("numpy", "onnxruntime") if find_spec(name) is None]


def _lacking() -> str:
    """Say what the refiner's runtime lacks and how to install it; empty where it lacks nothing."""
    missing = missing_runtime()
    return f"the refiner needs {_and(missing)}; {_INSTALL}" if missing else ""


def stated_refiner() -> str | Literal[False] | None:
    """Return what CHEXLABEL_REFINER states: a folder, `False` for "off", `None` for nothing."""
    stated = os.environ.get("CHEXLABEL_REFINER", "")
    return False if stated.lower() == "off" else stated or None


def installed_refiner(pattern_set: str = "chexpert14") -> str | None:
    """Return name and version of the model that refines a set by default, `None` for none.

    Raises:
        RefinerError: CHEXLABEL_REFINER names a model that cannot be used.
    """
    stated = stated_refiner()
    if stated:
        from chexlabel_neural.refiner_file import read_refiner_file

        title = read_refiner_file(Path(stated)).title
        if lacking := _lacking():
            raise RefinerError(lacking)
        return title
    folder = default_model(pattern_set)
    if stated is False or folder is None or missing_runtime():
        return None
    return read_released_file(folder).title


def select_refiner(
    rules: Judge,
    patterns: PatternSet,
    refine: bool | str | os.PathLike[str] | None,
    device: str,
) -> tuple[RefinerJudge | None, str]:
    """Return the refiner for a pattern set, and what is to be said of it, on one line.

    Args:
        rules: the judge whose labels are refined.
        patterns: the set.
        refine: `None` for what there is, `True` for the model that ships, or a model's folder.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        RefinerError: the runtime is missing though a refiner is asked for, or the folder is broken
            or holds a model for another set.
    """
    if isinstance(refine, bool | None):
        base, folder = _shipped(patterns)
        if base is None or folder is None:
            return None, f"rules only: there is no refiner for the pattern set {patterns.name}"
        file = read_released_file(folder)
    else:
        folder = Path(refine)
        base, file = _stated(patterns, folder)
    shared = shared_findings(base, file)
    if not shared:
        return None, (
            f"rules only: what {patterns.name} means by its labels is not what the refiner "
            f"{file.title} learned"
        )
    if lacking := _lacking():
        if refine is None:
            return None, f"rules only: {lacking}"
        raise RefinerError(lacking)
    from chexlabel_neural.refine import RefinerJudge
    from chexlabel_neural.runtime import open_net
    from chexlabel_neural.withheld import ANY_FINDING

    numbers = {name: patterns.tracked.index(name) for name in shared}
    places = numbers | {"": ANY_FINDING}
    own = {(places[finding], phrase) for finding, phrase in base.added if finding in places}
    judge = RefinerJudge(rules, file, open_net(folder, file, device), numbers, own)
    note = ""
    if base.sha256 != file.pattern_hash:
        note = f"its thresholds were measured with other rules of {file.pattern_set}"
    return judge, note


def shared_findings(base: Ancestor, file: RefinerFile) -> list[str]:
    """Return the findings that mean in a set what they mean in the set that a model knows.

    Args:
        base: the set that the model was made for: the set itself, or one that it extends.
        file: the model's `refiner.json`.

    Raises:
        RefinerError: the model has heads for findings that its own set does not have.
    """
    if strange := [name for name in file.findings if name not in base.findings]:
        raise RefinerError(
            f"refiner {file.title}: it reads {_and(strange)}, which the pattern set "
            f"{base.name!r} does not have; choose the model of this version of the set"
        )
    return [name for name in file.findings if name in base.shared]


def _shipped(patterns: PatternSet) -> tuple[Ancestor | None, Path | None]:
    """Return the first of a set and those that it extends for which a model ships."""
    for each in patterns.lineage:
        folder = default_model(each.name)
        if folder is not None:
            return _named(patterns, each.name), folder
    return None, None


def _stated(patterns: PatternSet, folder: Path) -> tuple[Ancestor, RefinerFile]:
    """Return the `refiner.json` of a model that was asked for, and which set it was made for."""
    from chexlabel_neural.refiner_file import read_refiner_file

    file = read_refiner_file(folder)
    base = _named(patterns, file.pattern_set)
    if base is None:
        raise RefinerError(
            f"refiner {folder}: made for the pattern set {file.pattern_set!r}, which "
            f"{patterns.name!r} neither is nor extends; choose another model, or --no-refine"
        )
    return base, file


def _named(patterns: PatternSet, name: str) -> Ancestor | None:
    """Return the set of a name among a set and those that it extends.

    Of several it is the last: one that extends a set of its own name is not what a model was made
    for, and what it changes is its own.
    """
    return next((each for each in reversed(patterns.lineage) if each.name == name), None)


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
