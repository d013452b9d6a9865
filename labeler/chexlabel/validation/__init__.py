"""The validation harness: how good are the labels, against labels given by people?

    from chexlabel.validation import validate
    from chexlabel.validation.report import write_report

    validation = validate("labels.csv", "gold.csv")
    print(validation.result.labelers[0].tasks["positive"].micro.f1)
    write_report(validation, "report.html")

It judges any file with the findings as columns, whoever made it. `docs/validation.md` has the
definitions of the figures and the schema of the JSON.
"""

from chexlabel._extras import optional_imports

with optional_imports():
    from chexlabel.validation.curves import Aims
    from chexlabel.validation.generation import score
    from chexlabel.validation.harness import Validation, describe, validate
    from chexlabel.validation.options import Matching, Reports, Resampling
    from chexlabel.validation.results import ScoreResult, StatsResult, ValidationResult
    from chexlabel.validation.tables import LabelFile, read_label_file
    from chexlabel.validation.values import BlankPolicy, Policy, UncertainPolicy

__all__ = [
    "Aims",
    "BlankPolicy",
    "LabelFile",
    "Matching",
    "Policy",
    "Reports",
    "Resampling",
    "ScoreResult",
    "StatsResult",
    "UncertainPolicy",
    "Validation",
    "ValidationResult",
    "describe",
    "read_label_file",
    "score",
    "validate",
]
