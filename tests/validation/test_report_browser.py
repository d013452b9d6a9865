"""The report in a real browser: it runs, filters, stays silent and keeps to itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from chexlabel.validation import Reports, Resampling, validate
from chexlabel.validation.report import write_report
from validation_tables import write_labels, write_table

selenium = pytest.importorskip(
    "selenium", reason="the browser tests drive Chromium with selenium, which is not installed"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's packages chromium and chromium-driver"
)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
HOSTILE = (
    "Small left pleural effusion. <script>document.title = 'owned'</script>"
    "<img src='https://example.org/x.png' onerror=\"document.title='owned'\"> No edema."
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    ids = [f"r{i}" for i in range(1, 7)]
    gold = write_labels(folder / "gold.csv", {"Edema": "+-?.+-", "Effusion": "+++---"})
    ours = write_labels(
        folder / "ours.csv",
        {"Edema": "+-?..-", "Effusion": "++.--+"},
        Edema_prob=[0.9, 0.1, 0.6, 0.2, 0.4, 0.1],
    )
    theirs = write_labels(folder / "theirs.csv", {"Edema": ".--.+-", "Effusion": "+-+--+"})
    write_table(folder / "reports.csv", {"id": ids, "report": [HOSTILE] * 6})
    start = HOSTILE.index("effusion")
    mention = {
        "finding": "Effusion",
        "label": 1,
        "text": "effusion",
        "start": start,
        "end": start + 8,
        "section": "body",
        "cues": [],
    }
    records = [{"id": i, "labels": {}, "mentions": [mention]} for i in ids]
    evidence = folder / "evidence.jsonl"
    evidence.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    validation = validate(
        {"ours": ours, "theirs": theirs},
        gold,
        resampling=Resampling(50),
        reports=Reports(folder / "reports.csv", evidence),
    )
    write_report(validation, folder / "report.html")
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, page):
    laptop = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", laptop)
    chromium.get_log("browser")
    chromium.get_log("performance")
    chromium.get(page)
    return chromium


def shown(browser) -> list[tuple[str, str]]:
    """Finding and report of each disagreement that can be seen."""
    from selenium.webdriver.common.by import By

    cases = browser.find_elements(By.CSS_SELECTOR, ".case")
    return [
        (case.get_attribute("data-finding"), case.get_attribute("data-id"))
        for case in cases
        if case.is_displayed()
    ]


# By hand, from the signs above: finding, report, and who is wrong how (ours, theirs).
CASES = {
    ("Edema", "r1"): ("-", "missed"),
    ("Edema", "r3"): ("-", "certainty"),
    ("Edema", "r5"): ("missed", "-"),
    ("Effusion", "r2"): ("-", "missed"),
    ("Effusion", "r3"): ("missed", "-"),
    ("Effusion", "r6"): ("false-alarm", "false-alarm"),
}


def test_it_says_nothing_and_asks_nothing(browser, page: str) -> None:
    from selenium.webdriver.common.by import By

    for button in browser.find_elements(By.CSS_SELECTOR, ".sort"):
        if button.is_displayed():
            button.click()
    assert browser.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = {
        event["params"]["request"]["url"].split("#")[0]
        for event in sent
        if event["method"] == "Network.requestWillBeSent"
    }
    assert urls == {page}
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_report_text_is_inert(browser) -> None:
    from selenium.webdriver.common.by import By

    assert browser.title == "Validation of report labels"
    text = browser.find_element(By.CSS_SELECTOR, ".cx-report").text
    assert "<script>document.title = 'owned'</script>" in text
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.execute_script("return document.images.length") == 0
    # Even a script that got into the page would not run: the page's policy forbids it.
    browser.execute_script(
        "const s = document.createElement('script');"
        "s.textContent = \"document.title = 'owned'\"; document.body.append(s);"
    )
    assert browser.title == "Validation of report labels"


def test_all_disagreements_are_there_and_marked(browser) -> None:
    from selenium.webdriver.common.by import By

    assert set(shown(browser)) == set(CASES)
    marks = browser.find_elements(By.CSS_SELECTOR, ".case[data-finding=Effusion] mark")
    assert len(marks) == 3
    assert all(mark.is_displayed() for mark in marks)
    assert browser.find_element(By.ID, "status").text == "Showing 6 of 6"


def test_filters(browser) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    def filtered(condition) -> set[tuple[str, str]]:
        return {case for case, kinds in CASES.items() if condition(case, kinds)}

    finding = Select(browser.find_element(By.ID, "filter-finding"))
    finding.select_by_value("Edema")
    assert set(shown(browser)) == filtered(lambda case, _: case[0] == "Edema")
    assert browser.find_element(By.ID, "status").text == "Showing 3 of 6"
    finding.select_by_value("")

    missed = browser.find_element(By.CSS_SELECTOR, "input[value=missed]")
    missed.click()
    assert set(shown(browser)) == filtered(lambda _, kinds: "missed" not in kinds)
    labeler = Select(browser.find_element(By.ID, "filter-labeler"))
    labeler.select_by_value("1")
    assert set(shown(browser)) == filtered(lambda _, k: k[1] not in ("-", "missed"))
    missed.click()
    assert set(shown(browser)) == filtered(lambda _, kinds: kinds[1] != "-")
    labeler.select_by_value("all")
    assert set(shown(browser)) == {("Effusion", "r6")}
    labeler.select_by_value("differ")
    assert set(shown(browser)) == filtered(lambda _, kinds: "-" in kinds)

    browser.find_element(By.ID, "filter-id").send_keys("R3")
    assert set(shown(browser)) == {("Edema", "r3"), ("Effusion", "r3")}
    browser.find_element(By.ID, "filter-id").send_keys("99")
    assert shown(browser) == []
    assert browser.find_element(By.ID, "none").is_displayed()
    browser.find_element(By.CSS_SELECTOR, "#filters button").click()
    assert set(shown(browser)) == set(CASES)
    assert browser.get_log("browser") == []


def test_the_keyboard_goes_from_case_to_case(browser) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    cases = browser.find_elements(By.CSS_SELECTOR, ".case")
    stops = [case.get_attribute("tabindex") for case in cases]
    assert stops == ["0"] + ["-1"] * 5
    browser.execute_script("arguments[0].focus()", cases[0])
    for keys, place in ((Keys.PAGE_DOWN, 1), ("j", 2), ("k", 1), (Keys.PAGE_UP, 0), ("k", 0)):
        browser.switch_to.active_element.send_keys(keys)
        assert browser.switch_to.active_element == cases[place]


def test_tables_sort_by_their_heads(browser) -> None:
    from selenium.webdriver.common.by import By

    def order() -> list[str]:
        rows = browser.find_elements(By.CSS_SELECTOR, "#verdict-table tbody th")
        return [row.text for row in rows]

    assert order() == ["Edema", "Effusion"]
    missed = browser.find_elements(By.CSS_SELECTOR, "#verdict-table .sort")[4]  # false alarms
    missed.click()
    assert order() == ["Effusion", "Edema"]
    missed.click()
    assert order() == ["Edema", "Effusion"]
    head = browser.find_elements(By.CSS_SELECTOR, "#verdict-table thead th")[4]
    assert head.get_attribute("aria-sort") == "ascending"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen(browser, page: str, width: int, scheme: str) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 700}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(page)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    wide = browser.execute_script(
        "return [...document.querySelectorAll('main > section')].filter("
        "(s) => s.scrollWidth > s.clientWidth).map((s) => s.id)"
    )
    assert wide == []
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    lightness = sum(map(int, background.removeprefix("rgb(").removesuffix(")").split(","))) / 3
    assert (lightness > 128) == (scheme == "light")


def test_it_prints_whole(browser) -> None:
    import base64

    from selenium.webdriver.common.by import By

    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.find_element(By.ID, "filters").is_displayed()
    assert all(case.is_displayed() for case in browser.find_elements(By.CSS_SELECTOR, ".case"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = browser.execute_cdp_cmd("Page.printToPDF", {})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")


@pytest.mark.parametrize(("width", "mobile"), [(1366, False), (390, True)])
def test_nothing_lies_beyond_the_edge(chromium, tmp_path, width: int, mobile: bool) -> None:
    from chexlabel.patterns import load_patterns

    findings = load_patterns("chexpert14").findings
    gold = write_labels(tmp_path / "gold.csv", dict.fromkeys(findings, "+-?.+-"))
    labeled = {
        name: write_labels(tmp_path / f"{name}.csv", dict.fromkeys(findings, labels))
        for name, labels in (("ours", "+-?.+-"), ("theirs", ".--.+-"))
    }
    write_report(validate(labeled, gold, resampling=Resampling(20)), tmp_path / "wide.html")
    screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": mobile}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    chromium.get((tmp_path / "wide.html").as_uri())
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
    clipped = "return [...document.querySelectorAll('.scroll')].filter(" + (
        "e => e.scrollWidth > e.clientWidth && !e.closest('figure')).map(e => e.ariaLabel)"
    )
    if not mobile:  # a phone scrolls wide tables by themselves
        assert chromium.execute_script(clipped) == []
