"""Without the packages of an extra: labeling works, and what needs them says what to install."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from chexlabel._extras import EXTRA_OF, optional_imports
from chexlabel.errors import ChexlabelError, MissingExtraError
from places import ROOT

# As in an environment without them: `import` finds no such package.
WITHOUT_EXTRAS = textwrap.dedent(f"""
    import sys

    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in {sorted(EXTRA_OF)!r}:
                raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

    sys.meta_path.insert(0, Missing())
    from chexlabel.cli import main
    sys.exit(main(sys.argv[1:]))
""")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("core")
    for arguments in (
        ["samples", "-o", "reports.csv"],
        ["samples", "--labels", "-o", "gold.csv"],
        ["reports.csv", "-o", "labels.csv", "--evidence", "evidence.jsonl"],
    ):
        done = run(folder, *arguments)
        assert done.returncode == 0, done.stderr
    (folder / "reports.parquet").write_bytes(b"PAR1" * 10)
    (folder / "one.xml").write_text(
        "<eCitation><AbstractText Label='FINDINGS'>No effusion.</AbstractText></eCitation>"
    )
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        "explain 'Small left effusion.'",
        "explain reports.csv --html page.html",
        "reports.csv -o labels.jsonl --workers 2",
        "reports.csv -o labels.xlsx",
        "one.xml",
        "patterns check nih14",
        "patterns list",
        "patterns show chexpert14 Edema",
        "stats --help",
    ],
)
def test_the_core_is_enough(folder: Path, command: str) -> None:
    done = run(folder, *command.replace("'", "").split())
    assert (done.returncode, "error" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("validate labels.csv gold.csv", "validate"),
        ("stats labels.csv", "validate"),
        ("score reports.csv reports.csv", "validate"),
        ("reports.csv -o negex.csv --assertion negex", "spacy"),
        ("reports.parquet -o never.csv", "parquet"),
        ("reports.csv -o never.parquet", "parquet"),
    ],
)
def test_a_command_names_the_extra_that_it_needs(folder: Path, command: str, extra: str) -> None:
    before = sorted(folder.iterdir())
    done = run(folder, *command.split())
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("chexlabel: error: this needs ")
    assert done.stderr.endswith(f"install it with: python -m pip install 'chexlabel[{extra}]'\n")
    assert done.stderr.count("\n") == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("installed", [(), ("numpy",), ("numpy", "pandas")])
@pytest.mark.parametrize(
    "code",
    [
        "from chexlabel.metrics import ClinicalEfficacy",
        "from chexlabel.validation import validate; validate('labels.csv', 'gold.csv')",
        "from chexlabel.validation import score; score('reports.csv', 'reports.csv')",
    ],
)
def test_a_function_names_the_extra_that_it_needs(
    folder: Path, code: str, installed: tuple[str, ...]
) -> None:
    missing = sorted(EXTRA_OF.keys() - set(installed))
    program = WITHOUT_EXTRAS.replace(str(sorted(EXTRA_OF)), str(missing)).partition("from chex")[0]
    done = subprocess.run(
        [sys.executable, "-c", program + code],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("chexlabel.errors.MissingExtraError: this needs ")
    assert last.endswith("install it with: python -m pip install 'chexlabel[validate]'")


def test_every_extra_that_is_named_installs_what_is_missing() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    distributions = {"sklearn": "scikit-learn"}
    for package, extra in EXTRA_OF.items():
        if extra == "refine" and extra not in extras:
            continue  # the refiner is not part of this release
        wanted = distributions.get(package, package)
        assert any(requirement.startswith(wanted) for requirement in extras[extra]), package
        core = [requirement for requirement in project["dependencies"] if wanted in requirement]
        assert core == []


def test_any_other_missing_module_is_not_taken_for_an_extra() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere") as caught, optional_imports():
        import nowhere  # noqa: F401
    assert not isinstance(caught.value, ChexlabelError)


def test_a_missing_extra_is_an_import_error_too() -> None:
    with pytest.raises(ImportError) as caught, optional_imports():
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    assert isinstance(caught.value, MissingExtraError)
    assert caught.value.name == "torch"
