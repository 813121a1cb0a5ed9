"""What stands in the tree: no names of machines, a table of contents that is true, versions that agree."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import distsys

ROOT = Path(__file__).resolve().parents[2]
BINARY = {".png", ".woff2", ".ico", ".gz", ".jpg", ".pdf", ".jar"}
LEFT_OUT = {"_build", "__pycache__", "node_modules", "build", "dist"}
KEPT_HIDDEN = {".ci", ".github", ".gitignore", ".gitattributes", ".pre-commit-config.yaml"}


def tracked():
    """Return the files that git tracks or would track; without git, all but what is built."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        run = subprocess.run(command, check=False, capture_output=True, text=True)
        if run.returncode == 0:
            return sorted(path for name in run.stdout.split("\0") if name and (path := ROOT / name).is_file())
    found = (path for path in sorted(ROOT.rglob("*")) if path.is_file())
    return [path for path in found if would_be_tracked(path.relative_to(ROOT))]


def would_be_tracked(path):
    hidden = path.parts[0].startswith(".") and path.parts[0] not in KEPT_HIDDEN
    return not hidden and not LEFT_OUT & set(path.parts)


# Written in pieces, so that this file does not hold what it looks for.
HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("proxy", "golang", "org"),
        ("repo1", "maven", "org"), ("repo", "maven", "apache", "org"), ("crates", "io"), ("anaconda", "org"),
    ]
]  # fmt: skip
PATHS = [f"/{name}/" for name in ("work", "root", "home", "Users", "tmp", "opt")]
NAMES_OF_MACHINES = re.compile(
    "|".join([*map(re.escape, HOSTS), *(rf"(?<![\w./-]){re.escape(path)}[\w.]" for path in PATHS)])
)


def names_of_machines(text):
    return sorted({match.group() for match in NAMES_OF_MACHINES.finditer(text)})


def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine():
    found = {}
    for path in tracked():
        if path.suffix not in BINARY and (names := names_of_machines(path.read_text(encoding="utf-8"))):
            found[path.relative_to(ROOT).as_posix()] = names
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://" + HOSTS[0] + "/simple",
        "File '" + PATHS[0] + "main/src/x.py'",
        PATHS[1] + ".cache",
        "cd " + PATHS[4] + "x",
    ],
)
def test_the_test_of_names_finds(text):
    assert names_of_machines(text) != []


@pytest.mark.parametrize("text", ["the road to/home", "chapters/work/x", "a page at /how-to", "see ../tmp/x"])
def test_the_test_of_names_lets_pass(text):
    assert names_of_machines(text) == []


def pages(entry):
    """Yield the pages that a part of the table of contents names."""
    for key, value in entry.items():
        if key in ("root", "file"):
            yield value
        elif isinstance(value, list):
            for child in value:
                yield from pages(child)


def is_file(name):
    return (ROOT / name).is_file()


def table_of_contents():
    return list(pages(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))


def test_the_table_of_contents_names_only_pages_that_exist_and_each_once():
    names = table_of_contents()
    assert [name for name in names if not (is_file(name + ".md") or is_file(name + ".ipynb"))] == []
    assert len(set(names)) == len(names)


def test_every_page_stands_in_the_table_of_contents():
    names = [path.relative_to(ROOT) for path in tracked() if path.suffix in (".md", ".ipynb")]
    written = {name.with_suffix("").as_posix() for name in names if name.parts[0] in ("book", "chapters")}
    assert sorted(written - set(table_of_contents())) == []


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["version"] == distsys.__version__ == str(citation["version"])


def test_the_package_needs_nothing_at_run_time():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == []


def normal(name):
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!;\[ ]", name.strip(), maxsplit=1)[0]).lower()


def test_every_direct_dependency_has_an_exact_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {normal(name) for names in project["optional-dependencies"].values() for name in names}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#-":
            wanted.add(normal(line))
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(line) for line in lines if "==" in line and line[0] != "#"}
    assert sorted(wanted - pinned) == []
    assert all("==" in line for line in lines if line and line[0] != "#")


def test_binder_gets_what_notebooks_need_and_no_sphinx():
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = ["-c ../constraints.txt", "-e .[plots,fast,data,serve,clients]"]
    assert [line for line in lines if line and line[0] != "#"] == wanted
    assert (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip() == "python-3.11"
