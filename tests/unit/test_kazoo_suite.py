"""kazoo's own tests, against three of our servers: a quick part of them, and in the long tests all that can be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("kazoo")

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("lock", "watchers", "queue", "election", "barrier", "party", "counter")
MORE = (
    "client", "connection", "cache", "lease", "partitioner", "retry", "security", "hosts", "interrupt", "paths",
    "exceptions", "utils", "selectors_select", "threading_handler", "build",
)  # fmt: skip
# Left out: those of gevent and eventlet, which need these packages and ask the same; SASL, which ours do not speak.
# Members do not change, and there is no TLS. Two tests that count objects of Python fail with the real one as well,
# where pytest is as new as here.
LEFT_OUT = (
    "not TestReconfig and not TestSSLClient"
    " and not (KazooTreeCacheTests and (test_close or test_delete_operation))"
)


def kazoo_tests(folder, modules):
    """Run tests of kazoo in a process of their own; return what pytest says, and how many passed."""
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--show-capture=no"),
        *("-p", "kazoo_plugin", "--servers", "kazoo_plugin:ours"),
        *("-p", "no:cacheprovider", "-k", LEFT_OUT, "--pyargs"),
        *(f"kazoo.tests.test_{module}" for module in modules),
    ]
    variables = {**os.environ, "PYTHONPATH": f"{ROOT / 'tools'}{os.pathsep}{ROOT / 'src'}"}
    done = subprocess.run(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    return done.stdout[-4000:], done.returncode, int(passed[1]) if passed else 0


def test_the_recipes_of_kazoo_pass_its_own_tests(tmp_path):
    said, code, passed = kazoo_tests(tmp_path, QUICK)
    assert (code, passed) == (0, 84), said


@pytest.mark.long
def test_kazoo_passes_its_own_tests(tmp_path, record_property):
    said, code, passed = kazoo_tests(tmp_path, (*QUICK, *MORE))
    record_property("passed", passed)
    assert (code, passed > 300) == (0, True), said
