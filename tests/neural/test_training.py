"""Training on a network of a few thousand weights: it learns, resumes, is distilled, refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [neural]")
pytest.importorskip("transformers", reason="training needs the extra [neural]")
pytest.importorskip("onnxruntime", reason="the export needs the extra [refine]")

from chexlabel import Labeler  # noqa: E402
from chexlabel.errors import ChexlabelError, InputError  # noqa: E402
from chexlabel_neural.base import new_refiner, shrink  # noqa: E402
from chexlabel_neural.corpus import CODES, Passage  # noqa: E402
from chexlabel_neural.data import Example, batches, joined, with_spans  # noqa: E402
from chexlabel_neural.distill import taught, transfer_set  # noqa: E402
from chexlabel_neural.export import export_refiner, load_refiner  # noqa: E402
from chexlabel_neural.train import TrainConfig, Trainer, accuracy, predict  # noqa: E402
from tiny_base import CUES, WORDS, write_tiny_base  # noqa: E402

NAMES = list(CODES.values())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_base(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    passages = [Passage("Lungs clear.", (0,) * 14, "us")]
    for cue, value in CUES.items():
        for word, code in WORDS.items():
            labels = tuple(value if c == code else 0 for c in CODES)
            texts = (f"{cue} {word}.", f"{cue} {word} is seen", f"today {cue} {word}")
            passages += [Passage(text, labels, "us") for text in texts]
    return with_spans(passages * 16, Labeler(refine=False))


def config(**changes: object) -> TrainConfig:
    plain = {"epochs": 16, "batch": 8, "rate": 3e-3, "noise": 0.0, "join": 0.0, "patience": 99}
    return TrainConfig.model_validate({**plain, **changes})


def test_it_learns_finding_and_assertion(base: str, examples, tmp_path: Path) -> None:
    torch.manual_seed(5)
    model, tokenizer = new_refiner(NAMES, layers=2, base=base)
    trainer = Trainer(model, tokenizer, config(epochs=20), tmp_path)
    before = accuracy(predict(model, tokenizer, examples), examples)
    history = trainer.fit(examples, examples)
    assert before < 0.3
    assert history[-1].loss < history[0].loss
    assert accuracy(predict(model, tokenizer, examples), examples) > 0.95


def test_a_run_that_was_stopped_goes_on(base: str, examples, tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def kill(step: int, steps: int, _loss: float) -> None:
        if step > steps * 0.6:
            raise KilledError

    torch.manual_seed(5)
    model, tokenizer = new_refiner(NAMES, layers=2, base=base)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(KilledError):
        Trainer(model, tokenizer, config(), tmp_path / "killed").fit(examples, examples, kill)
    model.load_state_dict(start)
    resumed = Trainer(model, tokenizer, config(), tmp_path / "killed").fit(examples, examples)

    model.load_state_dict(start)
    whole = Trainer(model, tokenizer, config(), tmp_path / "whole").fit(examples, examples)
    assert [epoch.number for epoch in resumed] == [epoch.number for epoch in whole]
    assert [e.loss for e in resumed] == pytest.approx([e.loss for e in whole], rel=1e-3)


def test_a_pass_may_be_a_part_of_the_examples(base: str, examples, tmp_path: Path) -> None:
    model, tokenizer = new_refiner(NAMES, layers=1, base=base)
    taken: list[int] = []
    plan = config(epochs=2, sample=100)
    Trainer(model, tokenizer, plan, tmp_path / "part").fit(
        examples, examples[:20], lambda step, _steps, _loss: taken.append(step)
    )
    assert taken == list(range(1, 2 * 13 + 1))  # 100 examples are 13 batches of 8
    taken.clear()
    plan = config(epochs=1, sample=10**6)
    Trainer(model, tokenizer, plan, tmp_path / "all").fit(
        examples, examples[:20], lambda step, _steps, _loss: taken.append(step)
    )
    assert len(taken) == math.ceil(len(examples) / 8)


def test_the_teachers_may_be_asked_about_a_part(examples) -> None:
    made = transfer_set(examples, size=60, noise=0.0, join=0.0)
    assert len(made) == 60
    assert set(map(id, made)) <= set(map(id, examples))
    assert len(transfer_set(examples, size=10**6)) == len(examples)


def test_the_student_learns_what_the_teachers_say(base: str, examples, tmp_path: Path) -> None:
    torch.manual_seed(5)
    teacher, tokenizer = new_refiner(NAMES, layers=3, base=base)
    Trainer(teacher, tokenizer, config(epochs=20), tmp_path / "teacher").fit(examples, examples)
    assert accuracy(predict(teacher, tokenizer, examples), examples) > 0.95
    told = taught(transfer_set(examples, noise=0.0, join=0.0), [(teacher, tokenizer)])
    assert told[0].soft is not None
    assert told[0].soft.sum(-1) == pytest.approx(np.ones(14), abs=1e-4)
    student = shrink(teacher, 1)
    assert len(student.encoder.encoder.layer) == 1
    plan = config(soft_weight=1.0, epochs=6)
    Trainer(student, tokenizer, plan, tmp_path / "student").fit(told, examples)
    assert accuracy(predict(student, tokenizer, examples), examples) > 0.95


def test_the_exported_network_is_the_trained_one(base: str, examples, tmp_path: Path) -> None:
    import onnxruntime

    model, tokenizer = new_refiner(NAMES, layers=2, base=base)
    Trainer(model, tokenizer, config(epochs=3), tmp_path / "run").fit(examples, examples)
    texts = [" ".join(example.words) for example in examples]
    export_refiner(model, tokenizer, tmp_path / "model", texts)
    batch = next(batches(examples[:20], tokenizer, size=20))
    feed = {"input_ids": batch.ids.numpy(), "attention_mask": batch.mask.numpy()}
    session = onnxruntime.InferenceSession(tmp_path / "model" / "model.onnx")
    labels, tags = session.run(None, feed)
    with torch.inference_mode():
        trained = model(batch.ids, batch.mask)
        again = load_refiner(tmp_path / "model")(batch.ids, batch.mask)
    assert labels.shape == (20, 14, 4)
    assert tags.shape == (20, batch.ids.shape[1], 14)
    spread = float(trained.labels.std())
    assert np.abs(labels - trained.labels.numpy()).max() < 0.2 * spread
    assert float((again.labels - trained.labels).abs().max()) < 0.1 * spread
    assert not list((tmp_path / "model").glob("*.bin")) + list((tmp_path / "model").glob("*.pt"))


def test_training_refuses_what_cannot_teach(base: str, examples, tmp_path: Path) -> None:
    model, tokenizer = new_refiner(NAMES, layers=2, base=base)
    with pytest.raises(InputError, match="10 examples are too few"):
        Trainer(model, tokenizer, config(), tmp_path / "few").fit(examples[:10], examples)
    blank = [e for e in examples if not any(e.labels)] * 20
    with pytest.raises(InputError, match="all labels are of one class"):
        Trainer(model, tokenizer, config(), tmp_path / "blank").fit(blank, blank)
    with pytest.raises(ChexlabelError, match=r"the loss is (nan|inf) at step \d+: lower `rate`"):
        Trainer(model, tokenizer, config(rate=1e30), tmp_path / "nan").fit(examples, examples)
    with pytest.raises(ChexlabelError, match="7 layers asked for, the base has 3"):
        new_refiner(NAMES, layers=7, base=base)


def test_a_configuration_with_a_fault_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_text("epochs: 0\n")
    with pytest.raises(InputError, match=r"train\.yaml: `epochs`: "):
        TrainConfig.read(path)
    path.write_text("epoch: 3\n")
    with pytest.raises(InputError, match=r"train\.yaml: `epoch`: "):
        TrainConfig.read(path)
    path.write_text("epochs: 4\nrate: 0.001\n")
    assert TrainConfig.read(path).epochs == 4


def test_only_ascii_pieces_are_kept_and_renumbered(base: str) -> None:
    _, tokenizer = new_refiner(NAMES, layers=1, base=base)
    vocabulary = tokenizer.get_vocab()
    assert "é" not in vocabulary
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    encoding = tokenizer.encode("No effusion.")
    assert encoding.tokens == ["[CLS]", "no", "effusion", ".", "[SEP]"]
    assert [tokenizer.id_to_token(number) for number in encoding.ids] == encoding.tokens
    full = json.loads((Path(base) / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    assert len(full) == len(vocabulary) + 1


def test_two_passages_as_one_follow_the_rule_of_reports() -> None:
    one = Example(("a",), (0, 1, 2, 3, -1, -1), (0,), 0b111111)
    other = Example(("b",), (1, 2, 1, 0, 3, 1), (0,), 0b011111)
    both = joined(one, other)
    assert both.labels == (1, 2, 2, 3, 3, -1)
    assert both.words == ("a", "b")
    assert both.tagged == 0b011111
