"""Sections: which text of a report counts. All reports are invented."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chexlabel.engine.sections import Sectioner
from chexlabel.errors import ChexlabelError
from chexlabel.labels import SectionSpan
from chexlabel.patterns._yaml import read_yaml
from chexlabel.patterns.section_schema import (
    LineWidth,
    Section,
    SectionsFile,
    Sentences,
    Unheaded,
    ViewHeadings,
)
from places import ROOT

DATA = read_yaml(ROOT / "patterns" / "chexpert14" / "sections.yaml")[0]
MODEL = SectionsFile.model_validate(DATA)
SECTIONER = Sectioner(MODEL)


def words(text: str) -> str:
    return " ".join(text.split())


def counted(text: str, sectioner: Sectioner = SECTIONER) -> list[tuple[str, str]]:
    spans = sectioner.counted(text)
    assert spans == sectioner.select(sectioner.spans(text))
    return [(span.name, words(text[span.start : span.end])) for span in spans]


def all_sections(text: str) -> dict[str, str]:
    return {span.name: words(text[span.start : span.end]) for span in SECTIONER.spans(text)}


# name -> (report, what counts of it)
REPORTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "all headings": (
        """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  History: ___F with fever and cough  // ?pneumonia

 TECHNIQUE:  Chest PA and lateral

 COMPARISON:  Chest radiograph ___ showed a small pleural effusion

 FINDINGS:

 The lungs are clear. There is no pneumothorax.

 The heart is not enlarged.

 IMPRESSION:

 No acute cardiopulmonary process.
""",
        [
            (
                "findings",
                "The lungs are clear. There is no pneumothorax. The heart is not enlarged.",
            ),
            ("impression", "No acute cardiopulmonary process."),
        ],
    ),
    "last paragraph": (
        """                                 FINAL REPORT
 REASON FOR EXAMINATION:  Pneumothorax, chest tube on
 water seal.

 The left chest tube is in place. A small left pneumothorax is unchanged.

 Heart size is normal.
""",
        [
            (
                "body",
                "The left chest tube is in place. A small left pneumothorax is unchanged. "
                "Heart size is normal.",
            )
        ],
    ),
    "last paragraph of a word that says nothing of the film": (
        "HISTORY: Fever.\n\nPneumonia.",
        [("body", "Pneumonia.")],
    ),
    "last paragraph after several headings, the last on a line of its own": (
        """ HISTORY:  Effusion.

 COMPARISON:

   ___.

 Bibasilar atelectasis has improved.
""",
        [("body", "Bibasilar atelectasis has improved.")],
    ),
    "paragraph in front of the impression": (
        """ INDICATION:  Rule out pneumonia.

 COMPARISON:  None.

 A right picc line ends in the upper svc. There is no effusion.

 IMPRESSION:  Right picc line in good position.
""",
        [
            ("findings", "A right picc line ends in the upper svc. There is no effusion."),
            ("impression", "Right picc line in good position."),
        ],
    ),
    "the same with a findings heading: the paragraph is not read": (
        """ COMPARISON:  None.

 Previous pneumonia has been reported.

 FINDINGS:  The lungs are clear.
""",
        [("findings", "The lungs are clear.")],
    ),
    "a title in front of headings is no findings": (
        """ Portable chest for evaluation of pneumothorax.

 HISTORY:  Fall.

 IMPRESSION:  No acute process.
""",
        [("impression", "No acute process.")],
    ),
    "unheaded findings and an impression": (
        "The heart is enlarged.\n\nIMPRESSION: Cardiomegaly.",
        [("findings", "The heart is enlarged."), ("impression", "Cardiomegaly.")],
    ),
    "no heading": ("The lungs are clear.", [("body", "The lungs are clear.")]),
    "a heading at the end": (
        "The lungs are clear.\n\nCOMPARISON: Effusion on ___.",
        [("body", "The lungs are clear.")],
    ),
    "wet read and final report": (
        """ WET READ: ___ ___ ___ 5:10 PM
  Right lower lobe pneumonia.
  IMPRESSION: Pneumonia.
 ______________________________________________________________________________
                                 FINAL REPORT
 HISTORY:  Cough.

 FINDINGS:  The lungs are clear.
""",
        [("findings", "The lungs are clear.")],
    ),
    "wet read and a final report without headings": (
        """ WET READ VERSION #2 ___ ___ ___ 9:34 PM
  Right lower lobe pneumonia.
 ____________________________
                                 FINAL REPORT
 Portable chest.

 The lungs are clear.
""",
        [("body", "Portable chest. The lungs are clear.")],
    ),
    "wet read alone": (
        " WET READ: ___ ___ ___ 5:10 PM\n  Right lower lobe pneumonia.\n",
        [("preliminary", "___ ___ ___ 5:10 PM Right lower lobe pneumonia.")],
    ),
    "preliminary report with headings and no final one": (
        "PRELIMINARY REPORT\nHISTORY: Cough.\n\nIMPRESSION: Small effusion.",
        [("impression", "Small effusion.")],
    ),
    "provisional findings": (
        """ PROVISIONAL FINDINGS IMPRESSION (PFI): ___ ___ 8:00 AM
  Possible nodule.

 FINAL REPORT
 FINDINGS: No nodule.""",
        [("findings", "No nodule.")],
    ),
    "addendum": (
        """                                  ADDENDUM  The left rib fracture is new.
 ______________________________________________________________________________
                                 FINAL REPORT
 INDICATION:  Fall.

 No pneumothorax is seen.
""",
        [
            (
                "addendum",
                "The left rib fracture is new. " + "_" * 78,
            ),
            ("body", "No pneumothorax is seen."),
        ],
    ),
    "view heading": (
        """ HISTORY:  Edema.

 PA AND LATERAL CHEST, TWO VIEWS:  The lungs are clear.

 IMPRESSION:  Normal chest.
""",
        [("findings", "The lungs are clear."), ("impression", "Normal chest.")],
    ),
    "view heading with a time": (
        "HISTORY: Pneumonia.\nAP CHEST, 5:02 A.M., ___:\n\nSmall left effusion.",
        [("findings", "Small left effusion.")],
    ),
    "view names do not end an impression": (
        """ HISTORY:  Pneumonia.

 IMPRESSION:  AP chest compared to ___:

 Severe cardiomegaly is unchanged.

 PORTABLE CHEST:  no pneumothorax.
""",
        [
            (
                "impression",
                "AP chest compared to ___: Severe cardiomegaly is unchanged. "
                "PORTABLE CHEST: no pneumothorax.",
            )
        ],
    ),
    "title without a colon": (
        "TWO VIEWS OF THE CHEST\n\nHISTORY: Effusion.\n\nThe lungs are clear.",
        [("body", "The lungs are clear.")],
    ),
    "on one line": (
        "INDICATION: Pneumonia. COMPARISON: None. FINDINGS: The heart is enlarged. IMPRESSION: "
        "Cardiomegaly. RECOMMENDATION: CT to exclude a mass.",
        [("findings", "The heart is enlarged."), ("impression", "Cardiomegaly.")],
    ),
    "on one line, with line breaks lost in mid-sentence": (
        "FINAL REPORT EXAMINATION: CHEST (PA AND LAT) INDICATION: ___F with pneumonia // ?effusion "
        "TECHNIQUE: PA and lateral COMPARISON: ___ FINDINGS: Clear lungs IMPRESSION: Normal",
        [("findings", "Clear lungs"), ("impression", "Normal")],
    ),
    "headings alone on their lines": (
        "COMPARISON\nNone\nFINDINGS\nThe lungs are clear\nIMPRESSION\nNormal chest\n",
        [("findings", "The lungs are clear"), ("impression", "Normal chest")],
    ),
    "a colon first on its line": (
        "INDICATION\n: Fall. Effusion. FINDINGS: No edema.",
        [("findings", "No edema.")],
    ),
    "dashes and ornaments": (
        "HISTORY: Mass.\n**FINDINGS:** Clear lungs.\n## Impression ##\nNormal.\n",
        [("findings", "** Clear lungs."), ("impression", "Normal.")],
    ),
    "a dash after the heading": (
        "INDICATION: Mass\nFINDINGS - Clear lungs.\nIMPRESSION -- Normal.\n",
        [("findings", "Clear lungs."), ("impression", "Normal.")],
    ),
    "joint heading": (
        "HISTORY: Mass.\nFINDINGS/IMPRESSION: Clear lungs.",
        [("findings_and_impression", "Clear lungs.")],
    ),
    "misspelt": (
        "COMPARSION: Effusion.\nFINDNGS: Clear lungs.\nIMRPESSION unknown\nIMPRESSON: Normal.",
        [("findings", "Clear lungs. IMRPESSION unknown"), ("impression", "Normal.")],
    ),
    "synonyms": (
        "CLINICAL INFORMATION: Mass.\nREPORT: Clear lungs.\nCONCLUSION: Normal.",
        [("findings", "Clear lungs."), ("impression", "Normal.")],
    ),
    "empty headings": (
        "FINDINGS: ___\nIMPRESSION:\n\nHISTORY: Mass.\n\nThe lungs are clear.",
        [("body", "The lungs are clear.")],
    ),
    "notification and signature": (
        "IMPRESSION: New left pneumothorax.\n\nNOTIFICATION: Dr. ___ was told of the effusion.\n"
        "Electronically signed by ___, no edema expert\n",
        [("impression", "New left pneumothorax.")],
    ),
    "narrative": (
        """NARRATIVE:
RADIOGRAPHIC EXAMINATION OF THE CHEST: 1/5/2005

CLINICAL HISTORY: 45 years of age, pneumonia.

PROCEDURE COMMENTS: Two views of the chest.

A small right effusion is new.

IMPRESSION:

1.  Small right effusion.

SUMMARY:  2-Abnormal.

END OF IMPRESSION:

I have reviewed the images for this mass.
""",
        [
            ("findings", "A small right effusion is new."),
            ("impression", "1. Small right effusion."),
            ("impression", "2-Abnormal."),
        ],
    ),
    "a report that opens with a follow-up": (
        "CHEST PA\nFollow up: lymphoma, on treatment\nThere is a new nodule in the right lung.",
        [("body", "There is a new nodule in the right lung.")],
    ),
    "a history that runs on, and a follow-up that is empty of a report": (
        "Indication: cough\nSomething odd about it.\nFollow up: none",
        [("body", "Something odd about it.")],
    ),
    "a recommendation alone": ("Recommendation: PA view when able. The lateral is blurred.", []),
    "a follow-up that closes": (
        "Findings: No effusion.\nFollow up: film of the nodule in the right lung",
        [("findings", "No effusion.")],
    ),
    "a line of which only a later sentence tells that it is no history": (
        "Clinical question: murmur\nLevocardia, left arch. Normal heart.\nConclusion: Normal.",
        [
            ("findings", "Levocardia, left arch. Normal heart."),
            ("impression", "Normal."),
        ],
    ),
    "nothing that counts": ("HISTORY: Pneumonia.\nTECHNIQUE: PA and lateral.", []),
}


@pytest.mark.parametrize("name", REPORTS)
def test_counted(name: str) -> None:
    text, expected = REPORTS[name]
    assert counted(text) == expected


@pytest.mark.parametrize("name", REPORTS)
def test_letter_case_line_ends_and_blank_lines_do_not_matter(name: str) -> None:
    text, expected = REPORTS[name]
    for changed in (
        text.lower(),
        text.upper(),
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r"),
        text.replace("\n\n", "\n \n\t\n\n"),
        "\n\n" + text + "\n\n",
    ):
        got = [(section, content.lower()) for section, content in counted(changed)]
        assert got == [(section, content.lower()) for section, content in expected]


@pytest.mark.parametrize(
    "content",
    [
        "No acute findings.",
        "Heart: enlarged. Lungs: clear.",
        "Pneumothorax: none.",
        "Impression of a nodule on the left.",
        "There are the following findings: a nodule.",
        "In comparison: the effusion has grown.",
        "Chest tubes: two on the left.",
        "The study of 5:02 is compared.",
        "These are stable in comparison to the prior\nexamination",
        "It is unchanged since the last radiographic\nfindings - likely chronic.",
    ],
)
def test_ordinary_words_are_no_headings(content: str) -> None:
    assert counted(f"IMPRESSION: {content}") == [("impression", words(content))]
    assert counted(content) == [("body", words(content))]


def test_all_sections_are_named() -> None:
    text = REPORTS["all headings"][0]
    assert all_sections(text) == {
        "examination": "CHEST (PA AND LAT)",
        "history": "___F with fever and cough // ?pneumonia",
        "technique": "Chest PA and lateral",
        "comparison": "Chest radiograph ___ showed a small pleural effusion",
        "findings": "The lungs are clear. There is no pneumothorax. The heart is not enlarged.",
        "impression": "No acute cardiopulmonary process.",
    }


def test_body_is_parted_from_the_section_above() -> None:
    text = REPORTS["last paragraph"][0]
    assert all_sections(text)["indication"] == "Pneumothorax, chest tube on water seal."


def test_context_in_mid_sentence_ends_other_context() -> None:
    assert all_sections("EXAMINATION: Chest INDICATION: Cough") == {
        "examination": "Chest",
        "indication": "Cough",
    }


@pytest.mark.parametrize(("length", "is_heading"), [(119, True), (120, False)])
def test_a_heading_is_short(length: int, is_heading: bool) -> None:
    line = "FINDINGS ".ljust(length, "=")
    assert ("findings" in all_sections(f"HISTORY: Mass.\n{line}\nClear lungs.")) is is_heading


def test_chosen_sections() -> None:
    impression = Sectioner(MODEL, ["Impression"])
    text = "FINDINGS: Clear lungs.\nIMPRESSION: Normal.\nHISTORY: Mass."
    assert counted(text, impression) == [("impression", "Normal.")]
    assert counted(text, Sectioner(MODEL, ["conclusion", "clinical history"])) == [
        ("impression", "Normal."),
        ("history", "Mass."),
    ]
    assert counted("FINDINGS: Clear lungs.", impression) == []
    assert counted("Clear lungs.", impression) == [("body", "Clear lungs.")]
    assert counted("FINDINGS AND IMPRESSION: Normal.", impression) == [
        ("findings_and_impression", "Normal.")
    ]
    assert counted("ADDENDUM: Late.\nFINAL REPORT\nClear.", Sectioner(MODEL, "body")) == [
        ("body", "Clear.")
    ]


def test_sections_that_are_not_there() -> None:
    with pytest.raises(
        ChexlabelError, match=r"no section 'impresion_x'.*did you mean 'impression'"
    ):
        Sectioner(MODEL, ["impresion_x"])
    with pytest.raises(ChexlabelError, match="choose from findings, impression"):
        Sectioner(MODEL, ["qqq"])
    with pytest.raises(ChexlabelError, match="name at least one"):
        Sectioner(MODEL, [])


def test_select_takes_the_spans_of_a_reader() -> None:
    spans = (SectionSpan("COMPARISON", 0, 4), SectionSpan("FINDINGS", 4, 9))
    assert SECTIONER.select(spans) == (SectionSpan("findings", 4, 9),)
    assert SECTIONER.select((SectionSpan("body", 2, 9),)) == (SectionSpan("body", 2, 9),)
    assert SECTIONER.select((SectionSpan("Clinical History", 2, 9),)) == ()


@pytest.mark.parametrize("text", ["", " \n\r\n\t", "___", ":", "FINDINGS:", "\0", "5.\n\n:\n"])
def test_texts_without_words(text: str) -> None:
    assert SECTIONER.spans(text) == ()
    assert SECTIONER.counted(text) == ()


PIECES = ["FINDINGS", "IMPRESSION", "HISTORY", "COMPARISON", "WET READ", "FINAL REPORT", "ADDENDUM"]
PIECES += [
    "AP CHEST",
    ":",
    " ",
    "\n",
    "\n\n",
    "\r\n",
    "Clear.",
    "5:02",
    "-",
    "\0",
    "😀",
    "مرحبا",
    "İ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_spans_lie_in_order_and_are_trimmed(text: str) -> None:
    end = 0
    for span in SECTIONER.spans(text):
        assert end <= span.start < span.end <= len(text)
        content = text[span.start : span.end]
        assert content == content.strip()
        end = span.end
    assert SECTIONER.counted(text) == SECTIONER.select(SECTIONER.spans(text))


def test_pickle() -> None:
    copy: Sectioner = pickle.loads(pickle.dumps(SECTIONER))  # noqa: S301
    text = REPORTS["all headings"][0]
    assert copy.spans(text) == SECTIONER.spans(text)
    assert copy.asked == SECTIONER.asked


@pytest.mark.parametrize(
    "unit",
    [
        "no ",
        "\n",
        " \n",
        "\r\n",
        ".",
        ":",
        " :",
        " ",
        "a:",
        "a: ",
        "findings ",
        "FINDINGS: clear\n",
        "FINDINGS: ",
        "IMPRESSION\n",
        "history: \n\n a",
        "WET READ: a\nFINAL REPORT\n",
        "final report ",
        "comparison(",
        "((",
        "ap chest ",
        "final ",
        "- ",
        "\0",
        "5:02 ",
    ],
)
def test_time_is_linear_in_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            SECTIONER.counted(text)
            SECTIONER.spans(text)
            best = min(best, time.process_time() - start)
        return best

    # Four times the text takes 4 times as long, 16 times if the time were quadratic.
    assert seconds(80_000) < 10 * seconds(20_000) + 0.02


def broken(**changes: object) -> dict[str, object]:
    return {**DATA, **changes}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (broken(counted=["finding"]), "counted names the section 'finding', which is not defined"),
        (broken(headings=[]), "Extra inputs are not permitted"),
        (broken(sections=[*DATA["sections"], DATA["sections"][0]]), "is there twice"),
        (
            broken(
                sections=[*DATA["sections"], {"name": "x", "role": "closing", "headings": ["imp"]}]
            ),
            "heading 'imp' is in both 'impression' and 'x'",
        ),
        (broken(sections=[*DATA["sections"], {"name": "x", "role": "closing"}]), "has no heading"),
        (
            broken(sections=[{"name": "x", "role": "closing", "headings": ["Upper Case"]}]),
            "should match pattern",
        ),
        (
            broken(sentences={**DATA["sentences"], "line_width": {"minimum": 9, "maximum": 8}}),
            "minimum is greater than maximum",
        ),
    ],
)
def test_mistakes_in_the_file_are_named(data: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        SectionsFile.model_validate(data)


def test_every_field_is_described() -> None:
    models = (Section, Unheaded, ViewHeadings, LineWidth, Sentences, SectionsFile)
    for model in models:
        for name, field in model.model_fields.items():
            assert field.description, name
