"""What needs the network and minutes: Binder's recipe, the pinned versions on every platform."""

import subprocess
import sys
import venv
from pathlib import Path

import environment
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.long

# Runs the code cells of one notebook in IPython, as a kernel would, in an environment that holds no kernel.
RUN_NOTEBOOK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
"""


def run(command, cwd=ROOT):
    return subprocess.run(
        command, cwd=cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def new_environment(folder, require_network, *arguments):
    venv.create(folder, with_pip=True)
    found = run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *arguments])
    if found.returncode != 0 and (environment.diagnose(found.stdout) or "").startswith("The network is away"):
        require_network()
    assert found.returncode == 0, found.stdout
    return folder / "bin"


def test_repo2docker_makes_an_image_of_our_python_and_our_requirements(tmp_path, require_network):
    tools = new_environment(tmp_path / "venv", require_network, "jupyter-repo2docker")
    recipe = run([str(tools / "jupyter-repo2docker"), "--no-build", "--debug", "."])
    assert recipe.returncode == 0, recipe.stdout
    assert "python=3.11" in recipe.stdout
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in recipe.stdout


def test_what_binder_installs_runs_every_notebook_and_holds_no_sphinx(
    tmp_path, require_network, record_property
):
    tools = new_environment(tmp_path / "venv", require_network, "-r", "binder/requirements.txt")
    listed = run([str(tools / "pip"), "list", "--format=freeze"]).stdout.lower()
    assert "distsys==" in listed
    assert "sphinx" not in listed
    assert "jupyter-book" not in listed
    notebooks = sorted(path for part in ("book", "chapters") for path in (ROOT / part).rglob("*.ipynb"))
    for path in notebooks:
        done = run([str(tools / "python"), "-c", RUN_NOTEBOOK, str(path)], cwd=path.parent)
        assert done.returncode == 0, done.stdout
    assert notebooks
    record_property("notebooks", len(notebooks))


def test_the_pinned_versions_resolve_on_every_python_and_platform(require_network, record_property):
    found = run([sys.executable, "tools/lock.py", "--check"])
    if found.returncode != 0 and (environment.diagnose(found.stdout) or "").startswith("The network is away"):
        require_network()
    assert found.returncode == 0, found.stdout
    record_property("resolved", found.stdout.count("packages"))


def test_the_package_installed_elsewhere_is_whole_and_works(tmp_path, require_network):
    tools = new_environment(tmp_path / "venv", require_network, str(ROOT))
    done = run([str(tools / "distsys"), "--help"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    code = "import distsys, importlib.metadata as m; print(m.version('distsys') == distsys.__version__)"
    assert run([str(tools / "python"), "-c", code], cwd=tmp_path).stdout == "True\n"
    installed = next((tmp_path / "venv").rglob("site-packages/distsys"))
    wanted = {path.relative_to(ROOT / "src/distsys") for path in (ROOT / "src/distsys").rglob("*.*")}
    there = {path.relative_to(installed) for path in installed.rglob("*.*")}
    assert sorted(str(path) for path in wanted - there if "__pycache__" not in path.parts) == []
