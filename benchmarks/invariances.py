"""Do the labels of real sentences stay when what is said stays? Open-i's reports, said otherwise.

    python benchmarks/invariances.py              # a sample of 2,000 sentences
    python benchmarks/invariances.py --errors     # and what differs, for your own screen

Each change leaves what a sentence says of the findings as it is: another word for the same finding,
another order of a list's members, one more adjective, an adverb in the verdict, a neutral sentence
before or after. The table counts the sentences that get other labels. The reports are looked for in
../shared (see benchmarks/quality.py); their licence keeps them out of the repository.

After Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with CheckList",
doi:10.18653/v1/2020.acl-main.442.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from chexlabel import Label, Labeler
from chexlabel.readers import open_reports

ARCHIVE = Path(__file__).resolve().parents[2] / "shared" / "openi" / "NLMCXR_reports_dev.tgz"

SYNONYMS = {
    "pleural effusion": ("pleural fluid", "effusion"),
    "effusion": ("pleural effusion",),
    "pneumothorax": ("PTX", "pneumothoraces"),
    "consolidation": ("consolidations", "consolidative change"),
    "airspace disease": ("infiltrate", "airspace opacity"),
    "opacity": ("infiltrate", "opacification"),
    "atelectasis": ("atelectatic change", "dystelectasis"),
    "cardiomegaly": ("cardiac enlargement", "enlargement of the heart"),
    "edema": ("oedema", "pulmonary edema"),
    "pneumonia": ("bronchopneumonia", "pneumonic infection"),
    "nodule": ("lung nodule", "coin lesion"),
    "scarring": ("fibrosis",),
}
ADJECTIVES = ("subtle", "sizable", "mild")
_VERDICT = re.compile(
    r"\b(has|have|is|are)( (?:been )?(?:resolved|cleared|removed|seen|identified|noted|present|"
    r"unchanged|visualized|demonstrated))\b"
)
_FITTING = {
    "resolved": ("now", "completely", "since"),
    "cleared": ("now", "completely", "since"),
    "removed": ("now", "since"),
}
_LIST = re.compile(r"^(No|There is no|Without) ([^,.;:]+), ([^,.;:]+),? or ([^,.;:]+)$")
_NEUTRAL = ("The patient is rotated to the right.", "The trachea is midline.")


class Variant(NamedTuple):
    """A sentence said otherwise."""

    change: str
    text: str


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="how many sentences")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--errors", action="store_true", help="print what differs")
    arguments = parser.parse_args(argv)
    if not ARCHIVE.exists():
        print(f"invariances: no reports at {ARCHIVE}", file=sys.stderr)
        return 1
    labeler = Labeler(refine=False)
    sample = sentences(labeler, arguments.count, arguments.seed)
    counts: dict[str, list[int]] = {}
    for sentence in sample:
        expected = said(labeler, sentence)
        for variant in variants(labeler, sentence):
            count = counts.setdefault(variant.change, [0, 0])
            count[0] += 1
            if said(labeler, variant.text) != expected:
                count[1] += 1
                if arguments.errors:
                    print(f"{variant.change}: {sentence!r} -> {variant.text!r}")
    for change, (tried, differ) in sorted(counts.items()):
        print(f"{change:22} {differ:5} of {tried:6} differ")
    tried, differ = map(sum, zip(*counts.values(), strict=True))
    print(f"{'all':22} {differ:5} of {tried:6} differ ({differ / max(1, tried):.2%})")
    return 0


def sentences(labeler: Labeler, count: int, seed: int) -> list[str]:
    """Return a sample of the reports' sentences that say something of a finding."""
    with open_reports(ARCHIVE, format="openi") as source:
        found = {sentence for report in source for sentence in labeler.passages(report)}
    spoken = sorted(s for s in found if s.isprintable() and _says_something(labeler, s))
    return random.Random(seed).sample(spoken, min(count, len(spoken)))  # noqa: S311


def _says_something(labeler: Labeler, sentence: str) -> bool:
    return any(label is not None for label in said(labeler, sentence))


def said(labeler: Labeler, text: str) -> tuple[Label | None, ...]:
    """Return the labels of a text, No Finding left out."""
    labels = zip(labeler.findings, labeler.label(text), strict=True)
    return tuple(label for name, label in labels if name != "No Finding")


def variants(labeler: Labeler, sentence: str) -> Iterator[Variant]:
    """Yield a sentence said otherwise, in every way that fits it."""
    yield Variant("a sentence before", f"{_NEUTRAL[0]} {sentence}.")
    yield Variant("a sentence after", f"{sentence}. {_NEUTRAL[1]}")
    for change in (_reordered, _with_adverb):
        yield from change(sentence)
    spans = {(m.start, m.end) for m in labeler(sentence).mentions}
    for start, end in sorted(spans):
        words = sentence[start:end]
        for other in SYNONYMS.get(words.lower(), ()):
            if _stands_alone(spans, start, end):
                yield Variant("another word", sentence[:start] + other + sentence[end:])
        if words.lower() in SYNONYMS and _takes_adjective(sentence, start):
            for adjective in ADJECTIVES:
                text = f"{sentence[:start]}{adjective} {sentence[start:]}"
                yield Variant("one more adjective", text)


def _stands_alone(spans: set[tuple[int, int]], start: int, end: int) -> bool:
    """Say whether no other mention shares the words from `start` to `end`."""
    return sum(first < end and start < last for first, last in spans) == 1


def _takes_adjective(sentence: str, start: int) -> bool:
    """Say whether an adjective may stand at `start`: behind a word that begins a noun phrase.

    Not behind `and`: "possible nodule and mild edema" may begin a statement of its own there.
    """
    before = sentence[:start].rsplit(None, 1)[-1:]
    return before != [] and before[0].lower() in {"no", "a", "without", "is", "or", "of"}


def _reordered(sentence: str) -> Iterator[Variant]:
    found = _LIST.match(sentence)
    if found and not re.search(r"\b(and|with|is|are|or|to)\b", " ".join(found.groups()[1:])):
        cue, first, second, third = found.groups()
        yield Variant("another order", f"{cue} {third}, {second}, or {first}")
        yield Variant("another order", f"{cue} {second}, {third} or {first}")


def _with_adverb(sentence: str) -> Iterator[Variant]:
    for found in _VERDICT.finditer(sentence):
        verdict = found[2].split()[-1]
        for adverb in _FITTING.get(verdict, ("currently", "again")):
            text = f"{sentence[: found.end(1)]} {adverb}{sentence[found.start(2) :]}"
            yield Variant("an adverb", text)


if __name__ == "__main__":
    sys.exit(main())
