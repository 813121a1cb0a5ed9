"""Settings of every test run. They stand at the root so that `pytest chapters` finds them too."""

import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent
PARTED = (
    "tests/mutants/test_counterexamples.py::test_the_whole_catalogue",
    "tests/site/test_accessibility.py",
    "tests/site/test_layout.py",
    "tests/site/test_pages_in_a_browser.py",
    # It waits for the site; the others of its file need not, and come early.
    "tests/figures/test_claims.py::test_every_figure_of_the_site_has_a_claim",
)
STRICT = ("Linux", (3, 11), "CPython")  # the outputs in the notebooks were made there

# Notebooks under test show what needs no live kernel (book/architecture.md, "In notebooks and on the site").
os.environ["DISTSYS_STATIC"] = "1"

set_hypothesis_home_dir(ROOT / "_build" / "cache" / "hypothesis")
settings.register_profile("every-change", derandomize=True, deadline=None)
settings.register_profile("long", derandomize=True, deadline=None, max_examples=2000)


def strict_here() -> bool:
    """Return whether outputs made here must equal the stored ones to the letter."""
    return (platform.system(), sys.version_info[:2], platform.python_implementation()) == STRICT


def how_notebooks_are_judged(config: pytest.Config) -> str:
    """Return one line that says whether outputs are compared."""
    if config.option.nbval:
        return "notebooks: executed, every output compared with the stored one (nbval, strict)"
    here = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    wanted = f"{STRICT[2]} {STRICT[1][0]}.{STRICT[1][1]} on {STRICT[0]}"
    return f"notebooks: executed, outputs not compared (nbval, lax): made with {wanted}, this is {here}"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose how strictly notebooks are judged, and how hard the property tests try."""
    if not (config.option.nbval or config.option.nbval_lax):
        config.option.nbval = strict_here()
        config.option.nbval_lax = not strict_here()
    config.option.nbval_sanitize_with = str(ROOT / "tests" / "nbval_sanitize.cfg")
    if os.environ.get("DISTSYS_REPORT") and not hasattr(
        config, "workerinput"
    ):  # one report, not one a worker
        config.pluginmanager.register(Report(Path(os.environ["DISTSYS_REPORT"])))
    settings.load_profile("long" if config.option.markexpr == "long" else "every-change")


def pytest_report_header(config: pytest.Config) -> str:
    """Say it on top of the run."""
    return how_notebooks_are_judged(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give out whole files in the order below; see `ByFile`."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types
    """Gives each worker a whole file: a notebook needs its kernel, and tests of one file share what they prepare."""

    def _split_scope(self, nodeid: str) -> str:
        """Return the part that stays together. Those in `PARTED` share nothing with others of their file, and part."""
        return nodeid if nodeid.startswith(PARTED) else nodeid.partition("::")[0]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave what tests share alone: searched for examples, it would be imported twice under two names."""
    shared = collection_path.suffix == ".py" and not collection_path.name.startswith(("test_", "conftest"))
    return True if shared and ROOT / "tests" in collection_path.parents else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Run what is quick first: the house and the package, then the notebooks, then the built site."""
    yield
    items.sort(key=lambda item: (item.get_closest_marker("site") is not None, item.path.suffix == ".ipynb"))


class Report:
    """Writes what a run did as JSON, for tools/run_tests.py."""

    def __init__(self, path: Path) -> None:
        """Write to `path` when the run ends."""
        self.path = path
        self.tests: list[dict[str, object]] = []
        self.missing = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of one test: of its call, or of a set-up that skipped or failed."""
        if report.when == "call" or (report.when == "setup" and not report.passed):
            recorded = [[key, str(value)] for key, value in report.user_properties]
            entry = {"name": report.nodeid, "outcome": report.outcome, "seconds": report.duration}
            self.tests.append({**entry, "recorded": recorded})
        if report.skipped and "needs " in str(report.longrepr):
            self.missing += 1

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        counts = {
            name: sum(test["outcome"] == name for test in self.tests)
            for name in ("passed", "failed", "skipped")
        }
        closing = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no test ran"
        content = {"closing": closing, "missing": self.missing, "tests": self.tests}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(content), encoding="utf-8")
