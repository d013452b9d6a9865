"""Explaining a report: the cutting into segments, text, terminal and page."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import chexlabel.cli.explain
from chexlabel.cli import main
from chexlabel.labels import Cue, Label, LabeledReport, Mention
from chexlabel.render.explanation import explanation_html, explanation_rows, explanation_text
from chexlabel.render.highlight import HIGHLIGHT_CSS, highlight_html, html_text, segments, visible

if TYPE_CHECKING:
    from chexlabel.report import Report

POSITIVE, NEGATIVE, UNCERTAIN = Label.POSITIVE, Label.NEGATIVE, Label.UNCERTAIN

TEXT = "Left hydropneumothorax. No edema or effusion.\nOld fracture."


def cue(text: str, words: str, kind: str = "negation") -> Cue:
    start = text.index(words)
    return Cue(kind, words, start, start + len(words), words.lower())


def mention(text: str, finding: str, label: Label | None, words: str, *cues: Cue) -> Mention:
    start = text.index(words)
    return Mention(
        finding, label, words, start, start + len(words), "body", (0, len(text)), cues, words
    )


NO = cue(TEXT, "No")
MENTIONS = (
    mention(TEXT, "Effusion", POSITIVE, "hydropneumothorax"),
    mention(TEXT, "Pneumothorax", POSITIVE, "hydropneumothorax"),
    mention(TEXT, "Edema", NEGATIVE, "edema", NO),
    mention(TEXT, "Effusion", NEGATIVE, "effusion", NO),
    mention(TEXT, "Fracture", None, "fracture", cue(TEXT, "Old", "history")),
    mention(TEXT, "Other", UNCERTAIN, "Left"),
)
LABELED = LabeledReport(
    "r7",
    {
        "Edema": NEGATIVE,
        "Effusion": POSITIVE,
        "Pneumothorax": POSITIVE,
        "Fracture": None,
        "Nodule": None,
    },
    MENTIONS,
)


class Page(HTMLParser):
    """Reads a page back: its text outside the tags of findings, its marks, its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.marks, self.elements = "", [], [], set()
        self.attributes: list[tuple[str, str | None]] = []
        self.stack: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += attrs
        if tag in ("meta", "br"):
            return
        kind = dict(attrs).get("class") or ""
        self.stack.append("tag" if "cx-tag" in kind else tag)
        if tag == "mark":
            self.marks.append([kind, ""])

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() in ("tag", tag)

    def handle_data(self, data: str) -> None:
        if "tag" in self.stack:
            self.tags.append(data)
        else:
            self.text += data
            if "mark" in self.stack:
                self.marks[-1][1] += data


def test_segments_cover_the_text_and_carry_what_covers_them() -> None:
    cuts = list(segments(TEXT, MENTIONS))
    assert "".join(TEXT[cut.start : cut.end] for cut in cuts) == TEXT
    by_words = {TEXT[cut.start : cut.end]: cut for cut in cuts}
    assert [m.finding for m in by_words["hydropneumothorax"].mentions] == [
        "Effusion",
        "Pneumothorax",
    ]
    assert by_words["No"].cues == (NO,)
    assert by_words["No"].mentions == ()


def test_a_cue_inside_and_across_mentions() -> None:
    text = "lungs are clear of edema"
    clear = cue(text, "clear", "state")
    whole = mention(text, "Consolidation", NEGATIVE, "lungs are clear", clear)
    crossing = mention(text, "Edema", NEGATIVE, "clear of edema", clear)
    cuts = [
        (text[cut.start : cut.end], len(cut.mentions), len(cut.cues))
        for cut in segments(text, (whole, crossing))
    ]
    assert cuts == [("lungs are ", 1, 0), ("clear", 2, 1), (" of edema", 1, 0)]
    page = Page(highlight_html(text, (whole, crossing)))
    assert page.text == text
    assert [words for _, words in page.marks] == ["lungs are ", "clear", " of edema"]
    assert page.tags == ["\u2212 Consolidation", "\u2212 Edema"]


def test_offsets_of_another_report_are_an_error() -> None:
    with pytest.raises(ValueError, match="outside a text of 5 characters"):
        highlight_html("short", MENTIONS)


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Mention]]:
    text = draw(st.text(max_size=30))
    offsets = st.integers(0, len(text))

    def span() -> tuple[int, int]:
        one, other = draw(offsets), draw(offsets)
        return min(one, other), max(one, other)

    mentions = []
    for _ in range(draw(st.integers(0, 5))):
        cues = []
        for _ in range(draw(st.integers(0, 2))):
            start, end = span()
            cues.append(Cue(draw(st.text(max_size=3)), text[start:end], start, end, "p"))
        start, end = span()
        label = draw(st.sampled_from([POSITIVE, NEGATIVE, UNCERTAIN, None]))
        mentions.append(
            Mention(
                draw(st.text(max_size=3)),
                label,
                text[start:end],
                start,
                end,
                "body",
                (0, len(text)),
                tuple(cues),
                "p",
            )
        )
    return text, mentions


@given(marked_texts())
def test_marking_never_changes_the_text(marked: tuple[str, list[Mention]]) -> None:
    text, mentions = marked
    cuts = list(segments(text, mentions))
    assert "".join(text[cut.start : cut.end] for cut in cuts) == text
    for cut in cuts:
        for mark in (*cut.mentions, *cut.cues):
            assert mark.start <= cut.start < cut.end <= mark.end
    covered = {offset for m in mentions for offset in range(m.start, m.end)}
    shown = Page(highlight_html(text, mentions))
    assert shown.text == visible(text)
    assert "".join(words for _, words in shown.marks) == "".join(
        visible(text[offset]) for offset in sorted(covered)
    )
    labeled = LabeledReport(None, {}, tuple(mentions))
    assert explanation_text(text, labeled)
    assert Page(explanation_html(text, labeled)).stack == []


def test_report_text_is_inert_in_the_page() -> None:
    text = '<script>alert(1)</script> & "edema" \' <img src=x onerror=y>\x00\x1b[31m\ud800'
    evil = '"><script>'
    found = Mention(evil, POSITIVE, "edema", 29, 34, evil, (0, 9), (cue(text, "alert", evil),), "p")
    labeled = LabeledReport(evil, {evil: POSITIVE}, (found,))
    html = explanation_html(text, labeled)
    page = Page(html)
    assert page.elements.isdisjoint({"script", "img", "link", "iframe"})
    assert '<script>alert(1)</script> & "edema" \' <img src=x onerror=y>' in page.text
    assert not any(name.startswith("on") for name, _ in page.attributes)
    html.encode("utf-8")
    assert "\0" not in html
    assert "\x1b" not in html


def test_the_page_asks_nobody_for_anything() -> None:
    html = explanation_html(TEXT, LABELED)
    assert "://" not in html
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html
    assert {"prefers-color-scheme: dark", "@media print"} <= set(
        re.findall(r"prefers-color-scheme: dark|@media print", HIGHLIGHT_CSS + html)
    )
    assert html.startswith("<!DOCTYPE html>\n")


def test_every_label_has_a_sign_and_a_class_of_its_own() -> None:
    page = Page(highlight_html(TEXT, MENTIONS))
    assert [tuple(mark) for mark in page.marks] == [
        ("cx-mention cx-uncertain", "Left"),
        ("cx-mention cx-positive", "hydropneumothorax"),
        ("cx-mention cx-negative", "edema"),
        ("cx-mention cx-negative", "effusion"),
        ("cx-mention cx-blank", "fracture"),
    ]
    assert page.tags == [
        "? Other",
        "+ Effusion, Pneumothorax",
        "\u2212 Edema",
        "\u2212 Effusion",
        "\u25cb Fracture",
    ]
    for name in ("positive", "negative", "uncertain", "blank"):
        assert f".cx-{name} {{" in HIGHLIGHT_CSS


def test_html_text_shows_what_cannot_stand_in_a_page() -> None:
    assert html_text("<a&'\">\t\n\0\x7f\x85\udfff") == (
        "&lt;a&amp;&#x27;&quot;&gt;\t\n\u2400\u2421\ufffd\ufffd"
    )


def test_rows_name_the_words_behind_each_label() -> None:
    assert [tuple(row) for row in explanation_rows(LABELED)] == [
        (POSITIVE, "Effusion", ("hydropneumothorax",), (), True),
        (POSITIVE, "Pneumothorax", ("hydropneumothorax",), (), True),
        (NEGATIVE, "Edema", ("edema",), ("No (negation)",), True),
        (None, "Fracture", ("fracture",), ("Old (history)",), True),
        (UNCERTAIN, "Other", ("Left",), (), False),
    ]


def test_a_label_that_follows_from_others_has_no_words() -> None:
    labeled = LabeledReport(None, {"No Finding": POSITIVE, "Edema": None}, ())
    assert [tuple(row) for row in explanation_rows(labeled)] == [
        (POSITIVE, "No Finding", (), (), True)
    ]


PLAIN = """\
[Left|Other:-1] [hydropneumothorax|Effusion, Pneumothorax:1]. No [edema|Edema:0 \u2190 No] or \
[effusion|Effusion:0 \u2190 No].
Old [fracture|Fracture:blank \u2190 Old].

Label        Finding                    Words              Cue
+ positive   Effusion                   hydropneumothorax
+ positive   Pneumothorax               hydropneumothorax
\u2212 negative   Edema                      edema              No (negation)
\u25cb blank      Fracture                   fracture           Old (history)
? uncertain  Other (not in the output)  Left
"""


def test_plain_text() -> None:
    assert explanation_text(TEXT, LABELED) == PLAIN


def test_overlapping_mentions_share_one_bracket() -> None:
    text = "a b c d"
    mentions = (
        mention(text, "One", POSITIVE, "a b"),
        mention(text, "Two", NEGATIVE, "b c"),
        mention(text, "Three", UNCERTAIN, "d"),
    )
    marked = explanation_text(text, LabeledReport(None, {}, mentions)).splitlines()[0]
    assert marked == "[a b c|One:1; Two:0] [d|Three:-1]"


@pytest.fixture
def explained(monkeypatch) -> list[str | Report]:
    """Put a labeler in place that gives `LABELED`, and tell what it was asked."""
    asked: list[str | Report] = []

    def labeler(report: str | Report) -> LabeledReport:
        asked.append(report)
        return LABELED

    monkeypatch.setattr(chexlabel.cli.explain, "labeler_from", lambda _: labeler)
    return asked


def test_the_command_takes_a_text(explained, capsys) -> None:
    assert main(["explain", TEXT]) == 0
    assert explained == [TEXT]
    assert capsys.readouterr().out == PLAIN


def test_the_command_takes_a_text_without_quotes(explained, capsys) -> None:
    assert main(["explain", *TEXT.replace("\n", " ").split(" ")]) == 0
    assert explained == [TEXT.replace("\n", " ")]
    assert "hydropneumothorax" in capsys.readouterr().out


def test_the_command_takes_standard_input(explained, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert main(["explain", "-"]) == 0
    assert explained[0].text == TEXT
    assert capsys.readouterr().out == PLAIN


def test_the_command_takes_a_file_and_an_id(explained, tmp_path, capsys) -> None:
    source = tmp_path / "reports.csv"
    source.write_text(f'study_id,report\ns1,x\ns2,"{TEXT}"\n')
    assert main(["explain", str(source), "--id", "s2"]) == 0
    assert explained[0].text == TEXT
    assert capsys.readouterr().out == PLAIN
    assert main(["explain", str(source), "--id", "s3"]) == 2
    assert "has no report 's3'" in capsys.readouterr().err


def test_the_number_of_a_row_without_an_identifier_is_none(explained, tmp_path) -> None:
    source = tmp_path / "reports.csv"
    source.write_text(f'study_id,report\n7,x\n,"un"closed"\n2,"{TEXT}"\n')
    assert main(["explain", str(source), "--id", "2"]) == 0
    assert explained[0].text == TEXT


def test_a_mistyped_file_is_not_taken_for_a_report(explained, capsys) -> None:
    assert main(["explain", "reprots.csv"]) == 2
    assert main(["explain", "no/such/file"]) == 2
    assert capsys.readouterr().err.count("chexlabel: error: ") == 2
    assert explained == []


def test_several_files_are_not_taken_for_the_words_of_a_report(
    explained, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    words = TEXT.replace("\n", " ").split(" ")
    for name in ("a.csv", "b.csv", words[0]):
        (tmp_path / name).write_text("id,report\n1,Clear.\n")
    for arguments in (["a.csv", "b.csv"], ["a.csv", "missing.csv"]):
        assert main(["explain", *arguments]) == 2
        assert "explain shows one report; give one file" in capsys.readouterr().err
    assert main(["explain", *words]) == 0
    assert explained == [" ".join(words)]


def test_the_command_writes_a_page(explained, tmp_path, capsys) -> None:
    page = tmp_path / "r7.html"
    assert main(["explain", TEXT, "--html", str(page)]) == 0
    assert page.read_text(encoding="utf-8") == explanation_html(TEXT, LABELED)
    assert capsys.readouterr().out == ""
    assert main(["explain", TEXT, "--html", str(page)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["explain", TEXT, "--html", str(page), "--force"]) == 0
    assert len(explained) == 3


def test_a_page_does_not_replace_the_reports(explained, tmp_path, capsys) -> None:
    source = tmp_path / "reports.csv"
    source.write_text("id,report\nr1,No edema.\n")
    assert main(["explain", str(source), "--html", str(source), "--force"]) == 2
    assert "is the input itself" in capsys.readouterr().err
    assert source.read_text() == "id,report\nr1,No edema.\n"
    assert explained == []


def test_a_trace_is_no_page(tmp_path, capsys) -> None:
    page = tmp_path / "page.html"
    assert main(["explain", TEXT, "--trace", "--html", str(page)]) == 2
    assert "leave out --html" in capsys.readouterr().err
    assert not page.exists()


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
@pytest.mark.usefixtures("explained")
def test_colours_on_a_terminal_that_wants_them(
    monkeypatch, variables: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "120", **variables}.items():
        monkeypatch.setenv(name, value)
    out = Terminal(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr("sys.stdout", out)
    assert main(["explain", TEXT]) == 0
    out.flush()
    shown = out.buffer.getvalue().decode()
    assert ("\x1b[" in shown) is coloured
    if not coloured:
        assert shown == PLAIN
    bare = re.sub(r"\x1b\[[\d;]*m", "", shown)
    for words in ("hydropneumothorax", "No (negation)", "Other (not in the output)"):
        assert words in bare


def test_the_terminal_is_not_commanded_by_a_report() -> None:
    text = "edema \x1b]0;owned\x07"
    labeled = LabeledReport(None, {"Edema": POSITIVE}, (mention(text, "Edema", POSITIVE, "edema"),))
    console = Console(file=io.StringIO(), force_terminal=True, color_system="256", width=100)
    chexlabel.cli.explain._show(console, text, labeled)
    assert "\x1b]" not in console.file.getvalue()
    assert "\x07" not in console.file.getvalue()
    assert "\x1b" not in explanation_text(text, labeled)


def test_a_terminal_without_unicode_gets_question_marks(explained, monkeypatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", out)
    assert main(["explain", TEXT]) == 0
    out.flush()
    assert b"[edema|Edema:0 ? No]" in out.buffer.getvalue()
    assert explained == [TEXT]
