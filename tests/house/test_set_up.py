"""The set-up in tools/: what it says when something is wrong, and what it does again."""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import build_log
import environment
import nbformat
import pytest
import run_notebooks
import stamps

ROOT = Path(__file__).resolve().parents[2]


def script(path, text):
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def set_up(*arguments):
    command = [sys.executable, str(ROOT / "tools" / "environment.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_a_python_that_is_too_old_is_named_with_the_version_needed_and_a_way_out(tmp_path):
    old = script(tmp_path / "python3", "echo 3 9 2")
    run = set_up("--python", old)
    assert run.returncode == 1
    assert f"Python 3.11 or newer is needed. Found: {old} is 3.9.2." in run.stderr
    assert "make book PYTHON=python3.12" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_python_that_is_not_there_is_named(tmp_path):
    run = set_up("--python", str(tmp_path / "python3.99"))
    assert run.returncode == 1
    assert "python3.99 is no Python that runs here" in run.stderr


def test_the_named_python_is_preferred_and_the_others_are_tried_in_order():
    there = {"python3": (3, 13, 1), "python3.11": (3, 11, 2), "python3.12": (3, 12, 4)}
    assert environment.choose_python(None, there.get) == ("python3.11", (3, 11, 2))
    del there["python3.11"]
    assert environment.choose_python(None, there.get) == ("python3.12", (3, 12, 4))
    assert environment.choose_python("python3", there.get) == ("python3", (3, 13, 1))


def test_all_pythons_found_are_listed_when_none_is_new_enough():
    there = {"python3": (3, 8, 10), "python": (2, 7, 18)}
    with pytest.raises(environment.SetUpError, match=r"Found: python3 is 3\.8\.10, python is 2\.7\.18\."):
        environment.choose_python(None, there.get)


def test_a_debian_without_python3_venv_is_told_which_package_to_install(tmp_path):
    words = "The virtual environment was not created successfully because ensurepip is not available."
    python = script(tmp_path / "python3.12", f"echo '{words}'; exit 1")
    with pytest.raises(environment.SetUpError, match=r"sudo apt-get install python3\.12-venv"):
        environment.make_venv(python, (3, 12, 3), str(tmp_path / "venv"))
    assert not (tmp_path / "venv").exists()


def test_without_a_network_pip_fails_with_words_that_we_recognise(tmp_path):
    nobody = "http://127.0.0.1:9/simple"  # the port "discard": nothing answers there
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--retries",
        "1",
        "--no-deps",
        "--dest",
        str(tmp_path),
    ]
    variables = os.environ | {"PIP_INDEX_URL": nobody, "PIP_EXTRA_INDEX_URL": "", "PIP_NO_CACHE_DIR": "1"}
    run = subprocess.run(
        [*command, "flit_core"], check=False, capture_output=True, text=True, env=variables, cwd=tmp_path
    )
    assert run.returncode != 0
    assert environment.diagnose(run.stdout + run.stderr).startswith("The network is away")


@pytest.mark.parametrize(
    ("line", "beginning"),
    [
        ("[Errno -3] Temporary failure in name resolution", "The network is away"),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]",
            "The package index could not",
        ),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: No matching distribution found for numpy==2.4.6", "A pinned version does not exist"),
        ("error: subprocess-exited-with-error", "A package has no ready-made file"),
    ],
)
def test_what_pip_says_is_put_in_words(line, beginning):
    assert environment.diagnose(line).startswith(beginning)


def test_what_nobody_foresaw_is_not_guessed_at():
    assert environment.diagnose("the cat sat on the keyboard") is None


def project(folder, requirements="simpy\n", settings="x = 1"):
    (folder / "requirements.txt").write_text(requirements)
    (folder / "constraints.txt").write_text("simpy==4.1.2\n")
    (folder / "pyproject.toml").write_text(f"[project]\nname = 'x'\n\n[tool.ruff]\n{settings}\n")
    return environment.wanted_stamp(str(folder), (3, 11, 2))


def test_the_environment_is_made_anew_for_other_requirements_and_not_for_settings_of_a_tool(tmp_path):
    before = project(tmp_path)
    assert project(tmp_path, settings="x = 2") == before
    assert project(tmp_path, requirements="simpy<5\n") != before
    assert environment.wanted_stamp(str(tmp_path), (3, 12, 1)) != environment.wanted_stamp(
        str(tmp_path), (3, 11, 9)
    )


def test_a_moved_folder_needs_a_new_environment(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    assert project(tmp_path / "here") != project(tmp_path / "there")


def test_progress_in_a_log_comes_now_and_then_and_not_for_each_package(capsys):
    progress = environment.Progress(50)
    for number in range(40):
        progress.see(f"Collecting package{number}==1.0")
    assert progress.count == 40
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_only_what_changed_is_found_and_caches_are_no_input(tmp_path):
    for name in ("src/a.py", "src/__pycache__/a.pyc", "src/.ipynb_checkpoints/x.ipynb", "pages/b.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    before = stamps.digest(tmp_path, ["src", "pages", "absent"])
    assert list(before) == ["src/a.py", "pages/b.md"]
    (tmp_path / "src/__pycache__/a.pyc").write_text("2")
    assert stamps.changed(before, stamps.digest(tmp_path, ["src", "pages"])) == []
    (tmp_path / "src/a.py").write_text("2")
    (tmp_path / "pages/b.md").unlink()
    (tmp_path / "pages/c.md").write_text("1")
    after = stamps.digest(tmp_path, ["src", "pages"])
    assert stamps.changed(before, after) == ["pages/b.md", "pages/c.md", "src/a.py"]


def test_a_broken_stamp_is_no_stamp(tmp_path):
    (tmp_path / "stamp").write_text("{ not json")
    assert stamps.read(tmp_path / "stamp") == {}
    stamps.write(tmp_path / "stamp", {"a": "1"})
    assert stamps.read(tmp_path / "stamp") == {"a": "1"}


def test_a_stored_notebook_keeps_nothing_of_the_machine_the_hour_or_the_editor():
    notebook = nbformat.v4.new_notebook(
        metadata={"widgets": {}, "language_info": {"name": "python", "version": "3"}}
    )
    notebook.cells = [nbformat.v4.new_code_cell("1"), nbformat.v4.new_code_cell("2")]
    first, second = notebook.cells
    first["id"] = second["id"] = "same"
    first.metadata = nbformat.from_dict({"execution": {"shell.execute_reply": "now"}, "tags": ["hide-input"]})
    first.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("a", "b")]
    run_notebooks.normalise(notebook)
    assert notebook.metadata == run_notebooks.METADATA
    assert [cell["id"] for cell in notebook.cells] == ["same", "cell-02"]
    assert first.metadata == {"tags": ["hide-input"]}
    assert [output.text for output in first.outputs] == ["ab"]


@pytest.mark.parametrize(
    ("tags", "source", "kept"),
    [
        (["nbval-ignore-output"], "measure()", True),
        (["nbval-ignore-output"], "old()", False),
        ([], "measure()", False),
    ],
)
def test_a_measured_cell_keeps_its_stored_output_while_its_source_is_the_same(tags, source, kept):
    def notebook(source, text):
        cell = nbformat.v4.new_code_cell(source, id="a", metadata={"tags": tags})
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        return nbformat.v4.new_notebook(cells=[cell])

    fresh = notebook("measure()", "8 ms")
    run_notebooks.keep_measured(fresh, notebook(source, "7 ms"))
    assert fresh.cells[0].outputs[0].text == ("7 ms" if kept else "8 ms")


FAILED_BUILD = """\
myst v3.0.1: MdParserConfig(commonmark_only=False)
reading sources... [ 50%] chapters/a
\x1b[91mbook/b.md:3: WARNING: undefined label: 'nowhere'\x1b[39;49;00m
Traceback (most recent call last):
  File "client.py", line 1, in execute
nbclient.exceptions.CellExecutionError: An error occurred while executing the following cell:
1 / 0
ZeroDivisionError: division by zero
The above exception was the direct cause of the following exception:
Traceback (most recent call last):
  File "direct.py", line 2, in start_client
myst_nb.core.execute.base.ExecutionError: chapters/a.ipynb
"""


def test_a_build_that_fails_ends_with_what_was_wrong_and_without_the_tracebacks_of_its_tools(tmp_path):
    screen = io.StringIO()
    log = build_log.BuildLog(tmp_path / "book.log", screen)
    for line in FAILED_BUILD.splitlines(keepends=True):
        log.take(line)
    log.close(good=False)
    shown, _, again = screen.getvalue().partition("What was wrong:")
    assert "1 / 0\nZeroDivisionError: division by zero\n" in shown
    assert not {"File", "MdParserConfig", "\x1b"} & set(re.split(r"[ (\[]", shown))
    assert again.splitlines()[1:3] == [
        "  book/b.md:3: WARNING: undefined label: 'nowhere'",
        "  myst_nb.core.execute.base.ExecutionError: chapters/a.ipynb",
    ]
    assert "start_client" in (tmp_path / "book.log").read_text()


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [
        ({"CI": ""}, "1 skipped"),
        ({"CI": "true"}, "1 failed"),
    ],
    ids=str,
)
def test_a_missing_tool_is_a_skip_with_one_line_and_in_ci_a_failure(tmp_path, variables, outcome):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    test = "def test_it(require_tool): require_tool('no-such-program', install='apt-get install it')"
    (tmp_path / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-rfs", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    kept = {name: value for name, value in os.environ.items() if name != "DISTSYS_REQUIRE_ALL"}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=tmp_path, env=kept | variables
    )
    assert outcome in run.stdout.splitlines()[-1]
    assert "needs no-such-program: apt-get install it" in run.stdout
