"""Words split, stuck together, misheard or misspelt, and what must be left as it is."""

from __future__ import annotations

import pickle
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chexlabel import Labeler
from chexlabel.engine.match import symbolize, token_offsets
from chexlabel.patterns import load_patterns, read_set
from chexlabel.patterns.respelling import Respeller, SoundAlike, Token
from chexlabel.patterns.spelling import Speller
from chexlabel.patterns.syntax import expand


@pytest.fixture(scope="module")
def labeler() -> Labeler:
    return Labeler(refine=False)


def said(labeler: Labeler, text: str) -> dict[str, int]:
    labels = labeler(text).labels
    return {n: int(v) for n, v in labels.items() if v is not None and n != "No Finding"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No pneumo thorax.", {"Pneumothorax": 0}),
        ("Atelec tasis at the base.", {"Atelectasis": 1}),
        ("In filtrate of the lingula.", {"Lung Opacity": 1}),
        ("Possible con solidation.", {"Consolidation": -1}),
        ("There is noeffusion.", {"Pleural Effusion": 0}),
        ("Cardiomegalywith edema.", {"Cardiomegaly": 1, "Edema": 1}),
        ("Mildedema.", {"Edema": 1}),
        ("The haert szie is noraml.", {"Cardiomegaly": 0}),
        ("Edema is unlikley.", {"Edema": 0}),
        ("Questoinable nodule.", {"Lung Lesion": -1}),
        ("Interval removel of the chest tueb.", {"Support Devices": 0}),
    ],
)
def test_split_glued_and_misspelt_words_are_read(
    labeler: Labeler, text: str, expected: dict[str, int]
) -> None:
    assert said(labeler, text) == expected


@pytest.mark.parametrize(
    ("misheard", "expected", "otherwise"),
    [
        ("Small plural effusion.", {"Pleural Effusion": 1}, "The plural of lung is lungs."),
        ("Pleural infusion.", {"Pleural Effusion": 1}, "An infusion was given overnight."),
        ("A fusion on the left.", {"Pleural Effusion": 1}, "There is a fusion of the vertebrae."),
        ("No new mo thorax.", {"Pneumothorax": 0}, "New since the thorax film."),
        ("No ammonia in either lung.", {"Pneumonia": 0}, "Raised serum ammonia."),
        ("No pulmonary enema.", {"Edema": 0}, "After an enema."),
        ("No focal consultation.", {"Consolidation": 0}, "Surgical consultation is advised."),
        ("Old rib fraction.", {"Fracture": 1}, "Ejection fraction is 40 percent."),
        ("Noodle in the right lung.", {"Lung Lesion": 1}, "A feeding module was changed."),
        ("Hazy lower lobe capacity.", {"Lung Opacity": 1}, "Total capacity was measured."),
        ("Know focal edema.", {"Edema": 0}, "The team is well known and aware."),
    ],
)
def test_sound_alikes_are_put_right_in_safe_company_only(
    labeler: Labeler, misheard: str, expected: dict[str, int], otherwise: str
) -> None:
    assert said(labeler, misheard) == expected
    assert said(labeler, otherwise) == {}


@pytest.mark.parametrize(
    "text",
    ["Resolving.", "The findings were included.", "Cannon fire."],
)
def test_words_of_their_own_are_left_alone(labeler: Labeler, text: str) -> None:
    assert said(labeler, text) == {}


def test_the_evidence_quotes_what_is_written(labeler: Labeler) -> None:
    text = "Today noeffusion, no in filtrate."
    mentions = labeler(text).mentions
    assert [text[m.start : m.end] for m in mentions] == ["effusion", "in filtrate"]
    assert [m.cues[0].text for m in mentions] == ["no", "no"]


def test_symbols_and_offsets_go_together() -> None:
    lexicon = load_patterns("chexpert14").lexicon
    text = "Noeffusion or pneumo thorax; plural effusion ___ in the base."
    assert len(symbolize(text, lexicon)) == len(token_offsets(text, lexicon))
    assert pickle.loads(pickle.dumps(lexicon)).symbols["noeffusion"] == "~"  # noqa: S301


def heard() -> list[tuple[str, ...]]:
    """What dictation makes of words, and other words for which a text is reread."""
    (file,) = read_set("chexpert14").spelling
    sounds = {
        words
        for at in range(len(file.model.sound_alikes))
        for phrase in file.phrases("sound_alikes", at, "heard")
        for words in expand(phrase.text)
    }
    return [*sorted(sounds), ("Noeffusion",), ("pneu", "mothorax"), ("effusion",), (".",)]


words = st.lists(st.sampled_from(heard()), max_size=4).map(lambda found: [*chain(*found)])
gaps = st.sampled_from([" ", " ", " XXXX ", " ___ ", " [**Name**] "])
texts = words.flatmap(
    lambda found: st.tuples(*(gaps for _ in found)).map(
        lambda between: "".join(chain(*zip(found, between, strict=True)))
    )
)


@settings(max_examples=300, deadline=None)
@given(text=texts)
def test_every_symbol_has_its_offsets(labeler: Labeler, text: str) -> None:
    lexicon = labeler.patterns.lexicon
    assert len(symbolize(text, lexicon)) == len(token_offsets(text, lexicon))


@pytest.mark.parametrize("removed", ["", "XXXX ", "___ "])
def test_words_are_put_right_around_removed_ones(labeler: Labeler, removed: str) -> None:
    text = f"No new {removed}more thorax, small effusion."
    mentions = labeler(text).mentions
    assert [m.text for m in mentions] == [f"new {removed}more thorax", "effusion"]
    assert [text[m.start : m.end] for m in mentions] == [m.text for m in mentions]


def test_a_respeller_leaves_known_words_together() -> None:
    speller = Speller(["nodule"], [], {})
    sound = SoundAlike(("pick", "line"), ("picc", "line"), ("tip",))
    respeller = Respeller(speller, ["no"], [sound], {"no", "line", "tip"}.__contains__)

    def read(*words: str) -> list[str]:
        return [token.word for token in respeller.reread([Token(word, 0, 1) for word in words])]

    assert read("no", "dule") == ["nodule"]
    assert read("nonodule") == ["no", "nodule"]
    assert read("pick", "line", "tip") == ["picc", "line", "tip"]
    assert read("pick", "line") == ["pick", "line"]
    assert respeller.suspects("dule")
    assert not respeller.suspects("no")


def test_each_sound_alike_that_is_a_word_states_its_company() -> None:
    """A single ordinary word is put right only near others; coined spellings always are."""
    (file,) = read_set("chexpert14").spelling
    coined = {"numonia", "numonya", "numothorax", "hart", "hert", "verses", "questionble"}
    coined |= {"newmothorax", "mothorax", "conjestion", "resalved", "failyer", "epical"}
    single = {
        heard[0]
        for at, sound in enumerate(file.model.sound_alikes)
        if not sound.near
        for phrase in file.phrases("sound_alikes", at, "heard")
        for heard in expand(phrase.text)
        if len(heard) == 1
    }
    assert single <= coined
