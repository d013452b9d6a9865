"""Figures against tables worked by hand, and the resampled formulas against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support

from chexlabel.errors import ValidationError
from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.metrics import judge
from chexlabel.validation.resampling import (
    confusion_counts,
    kappas,
    rates,
    resample,
    task_counts,
)
from chexlabel.validation.results import LabelerResult
from chexlabel.validation.values import (
    LEFT_OUT,
    BlankPolicy,
    Codes,
    Policy,
    Task,
    UncertainPolicy,
)
from validation_tables import codes

# Ten reports, two findings. Effusion by hand (gold over predicted):
#           +  -  ?  .
#        +  3  1  0  1      positive: tp 3, fp 1, fn 2, tn 4
#        -  0  2  0  0      negative: tp 2, fp 1, fn 0, tn 7
#        ?  1  0  1  0      uncertain: tp 1, fp 0, fn 1, tn 8
#        .  0  0  0  1      mention: tp 8, fp 0, fn 1, tn 1
GOLD = ("+++++--??.", "..........")
PREDICTED = ("+++-.--+?.", ".........+")
FINDINGS = ("Effusion", "Edema")


def judged(
    gold: Codes, predicted: Codes, policy: Policy | None = None, resamples: int = 0
) -> LabelerResult:
    policy = policy or Policy()
    gold, predicted = policy.merge_gold(gold), policy.merge(predicted)
    clusters = np.arange(len(gold))
    bootstrap = Bootstrap(len(gold), resamples)
    (samples,) = resample(gold, [predicted], clusters, bootstrap)
    names = [f"F{i}" for i in range(gold.shape[1])]
    return judge("x", "x.csv", names, gold, predicted, policy.tasks(), samples, bootstrap)


@pytest.mark.parametrize(
    ("task", "table", "precision", "recall", "f1", "specificity", "npv"),
    [
        ("positive", (3, 1, 2, 4), 3 / 4, 3 / 5, 6 / 9, 4 / 5, 4 / 6),
        ("negative", (2, 1, 0, 7), 2 / 3, 1, 4 / 5, 7 / 8, 1),
        ("uncertain", (1, 0, 1, 8), 1, 1 / 2, 2 / 3, 1, 8 / 9),
        ("mention", (8, 0, 1, 1), 1, 8 / 9, 16 / 17, 1, 1 / 2),
    ],
)
def test_a_finding_has_the_figures_worked_by_hand(
    task: str,
    table: tuple[int, int, int, int],
    precision: float,
    recall: float,
    f1: float,
    specificity: float,
    npv: float,
) -> None:
    finding = judged(codes(*GOLD), codes(*PREDICTED)).findings[0]
    found = finding.tasks[task]
    assert (found.tp, found.fp, found.fn, found.tn) == table
    assert found.support == table[0] + table[2]
    assert found.predicted == table[0] + table[1]
    assert found.precision.value == pytest.approx(precision)
    assert found.recall.value == pytest.approx(recall)
    assert found.f1.value == pytest.approx(f1)
    assert found.specificity.value == pytest.approx(specificity)
    assert found.npv.value == pytest.approx(npv)


def test_confusion_agreement_and_kappa_worked_by_hand() -> None:
    finding = judged(codes(*GOLD), codes(*PREDICTED)).findings[0]
    assert finding.confusion == [[3, 1, 0, 1], [0, 2, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    assert finding.agreement.value == pytest.approx(0.7)
    # Chance: (5*4 + 2*3 + 2*1 + 1*2) / 100 = 0.30, so kappa is (0.7 - 0.3) / (1 - 0.3).
    assert finding.kappa.value == pytest.approx(4 / 7)


def test_kappa_of_a_textbook_table() -> None:
    # 50 grant proposals, two readers: 20 both yes, 5 and 10 split, 15 both no.
    table = np.zeros((4, 4))
    table[:2, :2] = [[20, 5], [10, 15]]
    assert float(kappas(table)) == pytest.approx(0.4)


def test_micro_pools_macro_averages_and_weighted_weighs() -> None:
    # Per finding (tp, fp, fn): (2, 0, 1) and (1, 2, 0); by hand F1 = 4/5 and 1/2.
    gold = codes("+++..", "+....")
    predicted = codes("++...", "+++..")
    total = judged(gold, predicted).tasks["positive"]
    assert total.support == 4
    assert total.findings == 2
    assert total.micro.precision.value == pytest.approx(3 / 5)
    assert total.micro.recall.value == pytest.approx(3 / 4)
    assert total.micro.f1.value == pytest.approx(6 / 9)
    assert total.macro.f1.value == pytest.approx((4 / 5 + 1 / 2) / 2)
    assert total.weighted.f1.value == pytest.approx((3 * 4 / 5 + 1 * 1 / 2) / 4)


def test_macro_leaves_out_findings_that_the_gold_never_has() -> None:
    total = judged(codes(*GOLD), codes(*PREDICTED)).tasks["positive"]
    assert total.findings == 1
    assert total.macro.f1.value == pytest.approx(6 / 9)
    # The false alarm on the other finding still counts where all pairs are pooled: tp 3, fp 2.
    assert total.micro.precision.value == pytest.approx(3 / 5)


def test_a_labeler_gains_nothing_by_never_saying_a_finding() -> None:
    # The second finding has 3 positives and no call: no precision of its own, 0 in the mean.
    result = judged(codes("++--", "+++-"), codes("++--", "...-"), resamples=200)
    total = result.tasks["positive"]
    assert result.findings[1].tasks["positive"].precision.value is None
    assert (total.findings, total.macro.precision.value, total.macro.recall.value) == (2, 0.5, 0.5)
    assert total.weighted.precision.value == pytest.approx(2 / 5)
    assert total.macro.precision.high is not None
    assert total.macro.precision.high < 0.75


def test_kappa_of_a_gold_of_one_class_has_no_interval() -> None:
    finding = judged(codes("." * 20), codes("+" * 4 + "." * 16), resamples=500).findings[0]
    assert (finding.kappa.value, finding.kappa.low, finding.kappa.high) == (0, None, None)


def test_kappa_is_never_said_to_be_below_minus_one() -> None:
    signs = "+" + "." * 9
    gold = codes(signs)
    (samples,) = resample(gold, [gold], np.zeros(10, np.int64), Bootstrap(1, 200))
    judged_alike = judge("x", "x.csv", ["F"], gold, gold, (), samples, Bootstrap(1, 200))
    assert judged_alike.findings[0].kappa.low == -1


def test_figures_without_cases_are_undefined_not_zero() -> None:
    finding = judged(codes("...."), codes("....")).findings[0]
    assert finding.tasks["positive"].f1.value is None
    assert finding.tasks["positive"].recall.value is None
    assert finding.kappa.value is None
    assert finding.agreement.value == 1


def test_averages_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    gold = generator.integers(0, 4, (200, 6)).astype(np.int8)
    predicted = np.where(generator.random(gold.shape) < 0.7, gold, 3).astype(np.int8)
    result = judged(gold, predicted)
    for task in Task:
        for average in ("micro", "macro", "weighted"):
            expected = precision_recall_fscore_support(
                task.holds(gold), task.holds(predicted), average=average, zero_division=0
            )
            found = getattr(result.tasks[task.value], average)
            assert found.precision.value == pytest.approx(expected[0])
            assert found.recall.value == pytest.approx(expected[1])
            assert found.f1.value == pytest.approx(expected[2])


def test_resampled_rates_and_kappas_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(6)
    gold = generator.integers(0, 4, (80, 3)).astype(np.int8)
    predicted = np.where(generator.random(gold.shape) < 0.6, gold, 1).astype(np.int8)
    confusion = confusion_counts(gold, predicted, np.arange(80)).sum(axis=0).astype(np.float64)
    for i in range(3):
        assert float(kappas(confusion[i])) == pytest.approx(
            cohen_kappa_score(gold[:, i], predicted[:, i])
        )
        for task in Task:
            truth, answer = task.holds(gold[:, i]), task.holds(predicted[:, i])
            precision, recall, f1, _ = precision_recall_fscore_support(
                truth, answer, labels=[False, True], average=None, zero_division=np.nan
            )
            found = rates(*task_counts(confusion[i], task))
            assert float(found.precision) == pytest.approx(precision[1])
            assert float(found.recall) == pytest.approx(recall[1])
            assert float(found.f1) == pytest.approx(f1[1])
            assert float(found.specificity) == pytest.approx(recall[0])
            assert float(found.npv) == pytest.approx(precision[0])


UNCERTAIN_GOLD = "+-??."
UNCERTAIN_PREDICTED = "??+-."


@pytest.mark.parametrize(
    ("uncertain", "table", "reports"),
    [
        # Over the five pairs +?, -?, ?+, ?-, ..: (tp, fp, fn, tn) of "positive".
        ("as-is", (0, 1, 1, 3), 5),
        ("positive", (2, 1, 1, 1), 5),
        ("negative", (0, 1, 1, 3), 5),
        ("ignore", (0, 0, 1, 2), 3),
    ],
)
def test_uncertain_policies(uncertain: str, table: tuple[int, int, int, int], reports: int) -> None:
    policy = Policy(UncertainPolicy(uncertain))
    result = judged(codes(UNCERTAIN_GOLD), codes(UNCERTAIN_PREDICTED), policy)
    found = result.findings[0].tasks["positive"]
    assert (found.tp, found.fp, found.fn, found.tn) == table
    assert result.findings[0].reports == reports
    assert ("uncertain" in result.tasks) == (uncertain == "as-is")


@pytest.mark.parametrize(
    ("blank", "table", "reports"),
    [
        # Over the pairs -., .-, +., .+, ..: (tp, fp, fn, tn) of "negative".
        ("as-is", (0, 1, 1, 3), 5),
        ("negative", (3, 1, 1, 0), 5),
        ("ignore", (0, 0, 1, 1), 2),
    ],
)
def test_blank_policies(blank: str, table: tuple[int, int, int, int], reports: int) -> None:
    policy = Policy(blank=BlankPolicy(blank))
    result = judged(codes("-.+.."), codes(".-.+."), policy)
    found = result.findings[0].tasks["negative"]
    assert (found.tp, found.fp, found.fn, found.tn) == table
    assert result.findings[0].reports == reports
    assert ("mention" in result.tasks) == (blank == "as-is")


def test_ignoring_lets_no_labeler_hedge_its_way_out() -> None:
    gold = codes("++++")
    hedged = judged(gold, codes("++??"), Policy(UncertainPolicy.IGNORE)).findings[0]
    assert hedged.reports == 4
    assert hedged.tasks["positive"].recall.value == pytest.approx(0.5)


def test_left_out_pairs_are_in_no_count() -> None:
    gold = codes("+?-").copy()
    gold[1] = LEFT_OUT
    counts = confusion_counts(gold, codes("+++"), np.arange(3))
    assert counts.sum() == 2


def test_bootstrap_settings_are_checked() -> None:
    with pytest.raises(ValidationError, match="resamples"):
        Bootstrap(10, -1)
    with pytest.raises(ValidationError, match="level"):
        Bootstrap(10, level=95)
