"""What the pages take from data: the layers of pyproject.toml, the scores of tests/blind/elsewhere.

After a change of these: `CHEXLABEL_UPDATE_DOCS=1 python -m pytest tests/docs/test_generated.py`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatch

import pytest
import yaml

from places import ROOT

BLOCK = re.compile(r"(?<=<!-- from: )(?P<source>\w+)( -->\n).*?(?=<!-- end -->\n)", re.S)
SCORES: dict[str, dict[str, int]] = yaml.safe_load(
    (ROOT / "tests" / "blind" / "elsewhere" / "scores.yaml").read_text("utf-8")
)
SCORED = ("first", "rules", "refined")
UNREAD = (
    ("reports in many styles", "styles_*_unread"),
    ("... the newest of all kinds", "styles_u_unread"),
    ("... of children", "styles_v_unread"),
    ("... forms, tables and exports", "styles_x_unread"),
    ("... as a large US hospital files them", "styles_t_unread"),
    ("... the hardest", "styles_a_unread"),
    ("freely worded texts", "wording_*_unread"),
    ("... the newest", "wording_u_unread"),
    ("... single difficult sentences", "wording_t_unread"),
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def layers() -> str:
    """Return the layers that the imports of chexlabel keep to, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    kept = next(c["layers"] for c in contracts if c["layers"][0].startswith("chexlabel."))
    lines = [line.replace("chexlabel.", "").replace(" | ", "   ") for line in kept]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def unread() -> str:
    """Return the shares of the unread sets, several together."""
    rows = []
    for words, wanted in UNREAD:
        scores = [score for name, score in SCORES.items() if fnmatch(name, wanted)]
        texts = sum(score["texts"] for score in scores)
        shares = [sum(score[key] for score in scores) / texts for key in SCORED]
        rows.append(
            [f"{words} ({texts:,})", *(f"{share:.0%}".replace("%", " %") for share in shares)]
        )
    return table(
        ["all labels right", "rules, when first scored", "rules today", "with the refiner"], rows
    )


def sets(state: str) -> str:
    """Return the scores of each set, those that are read or those that are not."""
    rows = [
        [f"`{name}`", *(f"{score[key]:,}" for key in ("texts", *SCORED))]
        for name, score in sorted(SCORES.items())
        if name.endswith(f"_{state}")
    ]
    return table(
        ["set", "texts", "rules, when first scored", "rules today", "with the refiner"], rows
    )


SOURCES: dict[str, Callable[[], str]] = {
    "layers": layers,
    "unread": unread,
    "unread_sets": lambda: sets("unread"),
    "read_sets": lambda: sets("read"),
}


@pytest.mark.parametrize(
    ("page", "sources"),
    [
        ("README.md", ["unread"]),
        ("docs/design.md", ["layers"]),
        ("docs/measurements.md", ["unread_sets", "read_sets"]),
    ],
)
def test_a_page_says_what_its_data_say(page: str, sources: list[str]) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert [match["source"] for match in BLOCK.finditer(text)] == sources
    expected = BLOCK.sub(lambda m: f"{m['source']}{m[2]}{SOURCES[m['source']]()}", text)
    if os.environ.get("CHEXLABEL_UPDATE_DOCS"):
        (ROOT / page).write_text(expected, "utf-8")
        text = expected
    assert text == expected
