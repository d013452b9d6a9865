"""Write the JSON schemas of the reports' JSON into docs/schemas/."""

import json
from pathlib import Path

from chexlabel.validation import ScoreResult, StatsResult, ValidationResult

MODELS = {"validation": ValidationResult, "stats": StatsResult, "score": ScoreResult}


def main() -> None:
    """Write one file a model."""
    folder = Path(__file__).parent / "schemas"
    for name, model in MODELS.items():
        schema = json.dumps(model.model_json_schema(mode="serialization"), indent=1)
        (folder / f"{name}.json").write_text(schema + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
