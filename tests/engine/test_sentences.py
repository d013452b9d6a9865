"""Sentences: where statements begin and end. All sentences are invented."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chexlabel.engine.sentences import SentenceSplitter
from chexlabel.patterns._yaml import read_yaml
from chexlabel.patterns.section_schema import SectionsFile
from places import ROOT

DATA = read_yaml(ROOT / "patterns" / "chexpert14" / "sections.yaml")[0]
SPLITTER = SentenceSplitter(SectionsFile.model_validate(DATA))


def split(text: str) -> list[str]:
    sentences = SPLITTER.split(text)
    assert sentences == [text[start:end] for start, end in SPLITTER.sentences(text)]
    return [" ".join(sentence.split()) for sentence in sentences]


SENTENCES: dict[str, tuple[str, list[str]]] = {
    "plain": ("No effusion. The heart is normal.", ["No effusion", "The heart is normal"]),
    "no full stop": ("No rib fracture", ["No rib fracture"]),
    "two spaces": ("No effusion.  No edema.", ["No effusion", "No edema"]),
    "numbered": ("1. No effusion. 2. Large heart.", ["No effusion", "Large heart"]),
    "numbered without spaces": ("1.No effusion.2.Large heart.", ["No effusion", "Large heart"]),
    "numbered without full stops": (
        "1. No effusion 2. Large heart",
        ["No effusion 2", "Large heart"],
    ),
    "numbered with brackets": ("1) No effusion 2) Large heart", ["No effusion", "Large heart"]),
    "numbered in brackets": ("(1) No effusion. (2) Large heart.", ["No effusion", "Large heart"]),
    "a number in brackets": (
        "Nodules (see image 2) are stable (1) and small.",
        ["Nodules (see image 2) are stable (1) and small"],
    ),
    "numbers over lines": ("1. No effusion\n2. Large heart\n", ["No effusion", "Large heart"]),
    "doubled full stop": ("Heart normal.. No effusion..", ["Heart normal", "No effusion"]),
    "free full stop": ("Heart normal . No effusion .", ["Heart normal", "No effusion"]),
    "ellipsis": ("Heart normal... no effusion", ["Heart normal", "no effusion"]),
    "missing space": ("Heart normal.No effusion.", ["Heart normal", "No effusion"]),
    "missing space after a bracket": (
        "Stable (see above).No edema",
        ["Stable (see above)", "No edema"],
    ),
    "missing space after a removed word": ("Seen on ___.No edema", ["Seen on ___", "No edema"]),
    "quotation": ('He feels "fine." No edema.', ['He feels "fine', "No edema"]),
    "quotation at the end": ('No edema. He feels "fine."', ["No edema", 'He feels "fine']),
    "title": ("Told to Dr. ___ at once. No edema.", ["Told to Dr. ___ at once", "No edema"]),
    "approximately": ("It is approx. 3 cm long.", ["It is approx. 3 cm long"]),
    "versus": ("Edema vs. pneumonia.", ["Edema vs. pneumonia"]),
    "abbreviation with a doubled full stop": ("Edema vs.. pneumonia.", ["Edema vs.. pneumonia"]),
    "for example": ("Devices (e.g. tubes) are seen.", ["Devices (e.g. tubes) are seen"]),
    "image number": ("See image No. 4 for it. No edema.", ["See image No. 4 for it", "No edema"]),
    "the answer no": ("Effusion: no. Edema: no.", ["Effusion: no", "Edema: no"]),
    "the answer no, numbered": ("1. Edema: no. 2. Mass: no.", ["Edema: no", "Mass: no"]),
    "time of day": (
        "An effusion seen at 5:02 a.m. has resolved. No edema.",
        ["An effusion seen at 5:02 a.m. has resolved", "No edema"],
    ),
    "time of day at the end": (
        "Compared to 5:02 a.m. There is edema.",
        ["Compared to 5:02 a.m", "There is edema"],
    ),
    "unit at the end": ("It measures 2 cm. No edema.", ["It measures 2 cm", "No edema"]),
    "degree": ("Read by ___, M.D. on ___.", ["Read by ___, M.D. on ___"]),
    "abbreviation at the end of all": ("No edema. Told to dr.", ["No edema", "Told to dr"]),
    "decimals": ("A 1.5 cm nodule, 16.2/24.7 mm.", ["A 1.5 cm nodule, 16.2/24.7 mm"]),
    "question": ("Pneumonia? No edema.", ["Pneumonia?", "No edema"]),
    "question mark as a hedge": ("Opacity, ? pneumonia, ?mass.", ["Opacity, ? pneumonia, ?mass"]),
    "exclamation": ("New pneumothorax! No edema.", ["New pneumothorax", "No edema"]),
    "semicolon and colon": ("Heart: large; lungs: clear.", ["Heart: large; lungs: clear"]),
    "bullets": ("- No edema\n* Large heart\n• Clear", ["No edema", "Large heart", "Clear"]),
    "bullets on one line": ("• No edema • Large heart", ["No edema", "Large heart"]),
    "lines without punctuation": (
        "No pneumothorax\nSmall effusion\nStable heart",
        ["No pneumothorax", "Small effusion", "Stable heart"],
    ),
    "template": (
        "Pneumothorax: none\nEffusion: no\nHeart:\nnormal",
        ["Pneumothorax: none", "Effusion: no", "Heart: normal"],
    ),
    "lines broken by a margin": (
        " There is no evidence of a pneumothorax or of a pleural\n effusion on the left. "
        "Heart size is\n normal",
        [
            "There is no evidence of a pneumothorax or of a pleural effusion on the left",
            "Heart size is normal",
        ],
    ),
    "line with room for the next word": (
        "No pneumothorax or pleural effusion\nPICC in place",
        ["No pneumothorax or pleural effusion", "PICC in place"],
    ),
    "line broken after a comma": ("No edema,\neffusion or\nmass", ["No edema, effusion or mass"]),
    "blank line": (
        "There is no evidence of a pneumothorax or of a large\n\nEffusion on the left",
        ["There is no evidence of a pneumothorax or of a large", "Effusion on the left"],
    ),
    "long lines without punctuation": (
        "The heart is enlarged" + " and the lungs are clear" * 6 + "\nNo edema",
        ["The heart is enlarged" + " and the lungs are clear" * 6, "No edema"],
    ),
    "nothing to read": ("1. ___. 2. 5. -- .", []),
    "a free full stop first": (". \nNo edema", ["No edema"]),
    "a number first": ("No edema. 2 cm nodule.", ["No edema", "2 cm nodule"]),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences(name: str) -> None:
    text, expected = SENTENCES[name]
    assert split(text) == expected


@pytest.mark.parametrize("name", SENTENCES)
def test_letter_case_line_ends_and_blank_lines_do_not_matter(name: str) -> None:
    text, expected = SENTENCES[name]
    for changed in (
        text.lower(),
        text.upper(),
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r"),
        text.replace("\n\n", "\n \n\t\n\n"),
        "\n\n" + text + "\n \n",
    ):
        assert [s.lower() for s in split(changed)] == [s.lower() for s in expected]


def test_margin_is_that_of_the_report() -> None:
    # Beside the long line of another section, this break was no margin's.
    section = "No pneumothorax is seen on the left side\nSmall effusion"
    alone = SPLITTER.split(section)
    assert len(alone) == 1
    text = "FINDINGS: " + "The lungs are clear and " * 4 + "so on.\nIMPRESSION:\n" + section
    assert SPLITTER.split(text, len(text) - len(section)) == section.split("\n")


def test_heading_counts_in_the_width_of_its_line() -> None:
    text = (
        "IMPRESSION:  No acute process and no evidence\n of any kind of pneumonia in the lung today"
    )
    assert len(SPLITTER.split(text, text.index("No"))) == 1


def test_offsets_are_those_of_the_text() -> None:
    text = "HISTORY: None.\r\nFINDINGS: No edema.\r\n Large heart."
    start = text.index("No edema")
    assert SPLITTER.sentences(text, start, len(text) - 1) == [
        (start, start + 8),
        (text.index("Large"), len(text) - 1),
    ]
    assert SPLITTER.split(text, start, start + 8) == ["No edema"]


PIECES = [
    "No edema",
    "heart",
    "a.m",
    "Dr",
    "vs",
    "No",
    "4",
    "1",
    "12",
    "1.5",
    "___",
    "%",
    "İ",
    "😀",
]
PIECES += [
    ". ",
    ".",
    "..",
    "?",
    "! ",
    "!",
    ", ",
    ") ",
    "(",
    "1)",
    "2)",
    "1. ",
    "2. ",
    "-",
    "• ",
    "\0",
]
PIECES += ["\n", "\n\n", "\r\n", "\r", " ", "\t", ": ", ";", '"', "'", "https://x.org", "مرحبا"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_sentences_lie_in_order_and_lose_no_letter(text: str) -> None:
    end = 0
    bounds = SPLITTER.sentences(text)
    for start, stop in bounds:
        assert end <= start < stop
        assert not any(c.isalpha() for c in text[end:start])
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert not any(c.isalpha() for c in text[end:])
    assert SPLITTER.split(text) == [text[start:stop] for start, stop in bounds]


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    bounds = SPLITTER.sentences(text)
    assert SPLITTER.split(text) == [text[start:stop] for start, stop in bounds]


def test_pickle() -> None:
    copy: SentenceSplitter = pickle.loads(pickle.dumps(SPLITTER))  # noqa: S301
    for text, _ in SENTENCES.values():
        assert copy.split(text) == SPLITTER.split(text)


UNITS = [
    "no ",
    "\n",
    ".",
    ":",
    " ",
    "a\n",
    "a. ",
    "dr. ",
    "1) ",
    "1. ",
    ")",
    ".)",
    ". ",
    " .",
    "a.b",
]
UNITS += [
    "aa.bb",
    "?",
    " ? ",
    "•",
    "- ",
    "1.",
    "\r",
    "no. ",
    "a,\n",
    "\n ",
    "\0",
    "x",
    '."',
    "aa. 1).",
]


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear_in_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            SPLITTER.split(text)
            SPLITTER.sentences(text)
            best = min(best, time.process_time() - start)
        return best

    # Four times the text takes 4 times as long, 16 times if the time were quadratic.
    assert seconds(80_000) < 10 * seconds(20_000) + 0.02
