"""The documentation as a site: built strictly, complete, and complete in itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chexlabel import __version__
from places import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx", reason="needs the extra [docs]")
    pytest.importorskip("myst_parser", reason="needs the extra [docs]")
    pytest.importorskip("furo", reason="needs the extra [docs]")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_the_site_builds_without_a_warning_and_has_every_page(site: Path) -> None:
    assert {page.stem for page in DOCS.glob("*.md")} <= {page.stem for page in site.glob("*.html")}


def test_the_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe)[^>]+src=\"https?:", text), page.name
        assert not re.findall(r"<link[^>]+rel=\"stylesheet\"[^>]+href=\"https?:", text), page.name


def test_the_reference_names_what_the_package_exports(site: Path) -> None:
    import chexlabel

    text = (site / "reference.html").read_text(encoding="utf-8")
    named = {name for name in chexlabel.__all__ if f'id="chexlabel.{name}"' in text}
    errors = {name for name in chexlabel.__all__ if f'id="chexlabel.errors.{name}"' in text}
    assert set(chexlabel.__all__) - named - errors == {"__version__"}


def test_the_citation_states_the_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["cff-version"] == "1.2.0"


def test_the_container_copies_what_there_is() -> None:
    recipe = re.search(r"```dockerfile\n(.*?)```", (DOCS / "scale.md").read_text(), re.S)
    assert recipe is not None
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", recipe[1], re.M)
    assert copied
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
    assert "USER 10001" in recipe[1]  # not root; by number, so that Kubernetes can tell
