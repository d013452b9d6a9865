"""Metrics of generated reports, for validation loops.

    from chexlabel.metrics import ClinicalEfficacy

    scores = ClinicalEfficacy().compute(predictions, references)
    print(scores["micro_f1_14"], scores["micro_f1_5"])

`chexlabel.metrics.torchmetrics` has the same as a `torchmetrics.Metric`.
"""

from chexlabel._extras import optional_imports

with optional_imports():
    import sklearn  # noqa: F401 - said now, not when the reports of an epoch are labeled

    from chexlabel.metrics.efficacy import ClinicalEfficacy

__all__ = ["ClinicalEfficacy"]
