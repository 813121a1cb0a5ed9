"""A figure in JupyterLab: it plays where the notebook is trusted, and leaves a picture and a table where it is not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.long
JUPYTER = Path(sys.executable).parent / "jupyter"
CELL = "from distsys.lab.scenarios import overtaking_reply\novertaking_reply()"


def variables(folder):
    """Return an environment in which Jupyter finds nothing of this machine's, and a kernel counts as live."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own = {name: str(folder / name.lower()) for name in names}
    return {name: value for name, value in os.environ.items() if name != "DISTSYS_STATIC"} | own


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def notebooks(folder):
    """Make two notebooks with the same live output, and trust one of them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    os.environ.pop("DISTSYS_STATIC", None)
    try:
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    finally:
        os.environ["DISTSYS_STATIC"] = "1"
    assert "<script>" in notebook.cells[0].outputs[0].data["text/html"]
    for name in ("trusted", "untrusted"):  # trust goes by content, so the two differ
        notebook.cells[1:] = [nbformat.v4.new_markdown_cell(f"This notebook is {name}.")]
        nbformat.write(notebook, folder / f"{name}.ipynb")
    subprocess.run(
        [JUPYTER, "trust", folder / "trusted.ipynb"], env=variables(folder), check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def lab(notebooks):
    """Start JupyterLab on this machine only; yield its address when it says that it listens."""
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--IdentityProvider.token="]
    command = [JUPYTER, "lab", *options, "--allow-root", f"--ServerApp.root_dir={notebooks}"]
    with subprocess.Popen(
        command, env=variables(notebooks), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as server:
        try:
            said = []
            for line in server.stderr:
                said.append(line)
                if found := re.search(r"http://127\.0\.0\.1:[1-9]\d*/", line):
                    break
            assert found, "".join(said)
            yield found[0]
        finally:
            server.kill()


def opened(browser, lab, name):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(f"{lab}lab/workspaces/{name}/tree/{name}.ipynb")
    output = page.locator(".jp-RenderedHTMLCommon figure").first
    output.wait_for(timeout=120_000)
    return page, output


def test_a_figure_plays_in_a_trusted_notebook(browser, lab, tmp_path):
    page, output = opened(browser, lab, "trusted")
    figure = output.locator("dist-trace")
    figure.locator(".app").wait_for(timeout=60_000)
    figure.locator("button[aria-label=Back]").click()
    assert figure.locator(".count").inner_text() == "16 / 17"
    assert figure.locator(".stage svg").is_visible()
    page.close()


def test_an_untrusted_notebook_keeps_the_picture_and_the_table(browser, lab):
    page, output = opened(browser, lab, "untrusted")
    assert page.locator("dist-trace").count() == 0
    image = output.locator("img")
    assert image.evaluate("image => image.naturalWidth") > 0
    assert "cyd" in output.locator("table").text_content()
    page.close()
