"""Make the virtual environment .venv and install in it what requirements.txt asks for.

    python3 tools/environment.py                      use .venv, or make it with the best Python found
    python3 tools/environment.py --python python3.12  make it with that one

It does nothing when the environment is up to date: a stamp in .venv holds a hash of the requirement files.
It runs under any Python from 3.3 on, so that a machine with an old one gets a sentence, not a syntax error.
"""

import argparse
import hashlib
import os
import queue
import shutil
import subprocess
import sys
import threading
import time

OLDEST = (3, 11)
NEWEST_TRIED = (3, 14)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CANDIDATES = ["python3.11", "python3.12", "python3.13", "python3.14", "python3", "python"]
INPUTS = ["requirements.txt", "constraints.txt", "pyproject.toml"]

# What pip says when something outside the project is wrong, and what a person should do about it.
DIAGNOSES = [
    (
        ["CERTIFICATE_VERIFY_FAILED"],
        "The package index could not be trusted: its certificate was not accepted.\n"
        "Behind a company proxy, point pip at its certificate (the variable PIP_CERT), then run this again.",
    ),
    (
        [
            "NewConnectionError",
            "NameResolutionError",
            "name resolution",
            "Max retries exceeded",
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "Network is unreachable",
            "ProxyError",
            "Connection refused",
            "No route to host",
            "IncompleteRead",
            "RemoteDisconnected",
            "ProtocolError",
        ],
        "The network is away: the package index cannot be reached, so the packages could not be downloaded.\n"
        "Check the connection (behind a proxy also the variable HTTPS_PROXY) and run this again.\n"
        "What has been downloaded is kept.",
    ),
    (
        ["No space left on device"],
        "The disk is full. The environment needs about 1 GB in the project's folder.",
    ),
    (
        ["No matching distribution found", "ResolutionImpossible"],
        "A pinned version does not exist for this Python or this machine. Try Python 3.11 to 3.14,\n"
        "for example: make book PYTHON=python3.11",
    ),
    (
        ["Failed building wheel", "Failed to build", "subprocess-exited-with-error"],
        "A package has no ready-made file for this Python on this machine, and compiling it failed.\n"
        "Try Python 3.11 to 3.14, for example: make book PYTHON=python3.11",
    ),
]


class SetUpError(Exception):
    """What is wrong, as a text for a person."""


def dotted(version):
    """Return a version tuple as people write it: (3, 11, 2) is 3.11.2."""
    return ".".join(str(part) for part in version)


def version_of(python):
    """Return the version of the interpreter `python` as a tuple of three, or None when it does not run."""
    code = "import sys; print('%d %d %d' % tuple(sys.version_info[:3]))"
    try:
        process = subprocess.Popen([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, _ = process.communicate()
    except OSError:
        return None
    if process.returncode != 0:
        return None
    return tuple(int(part) for part in output.decode("ascii").split())


def choose_python(asked, version_of=version_of):
    """Return (interpreter, version) to make the environment with; `asked` wins over everything found."""
    names = [asked] if asked else CANDIDATES + [sys.executable]
    found = []
    for name in names:
        version = version_of(name)
        if version is not None and version[:2] >= OLDEST:
            return name, version
        if version is not None:
            found.append("{} is {}".format(name, dotted(version)))
    if asked and not found:
        raise SetUpError(
            "{} is no Python that runs here. Give a name or a path, for example:\n"
            "    make book PYTHON=python3.12".format(asked)
        )
    raise SetUpError(
        "Python {} or newer is needed. Found: {}.\n"
        "Install a newer Python, or point at one that is there, for example:\n"
        "    make book PYTHON=python3.12\n"
        "    make book PYTHON=$HOME/python/bin/python3.13".format(dotted(OLDEST), ", ".join(found) or "none")
    )


def python_in(venv):
    """Return the path of the interpreter in the environment `venv`."""
    return os.path.join(venv, "bin", "python")


def wanted_stamp(root, version):
    """Return the line that stands in the stamp of an environment that is up to date."""
    digest = hashlib.sha256()
    for name in INPUTS:
        with open(os.path.join(root, name), "rb") as file:
            content = file.read()
        # The settings of the tools come last in pyproject.toml and do not change what is installed.
        content = content.split(b"\n[tool.")[0]
        digest.update(content)
        digest.update(b"\0")
    # An environment holds absolute paths: a moved folder needs a new one.
    digest.update(os.path.abspath(root).encode("utf-8"))
    return "Python {}, requirements {}\n".format(dotted(version[:2]), digest.hexdigest())


def read_stamp(path):
    """Return the text of the stamp, or nothing when there is none."""
    try:
        with open(path) as file:
            return file.read()
    except (IOError, OSError):
        return ""


def make_venv(python, version, venv):
    """Make the environment `venv` anew with the interpreter `python`."""
    print("Making .venv with Python {} ({})".format(dotted(version), shutil.which(python) or python))
    if version[:2] > NEWEST_TRIED:
        print("Note: the pinned packages were tried up to Python {} only.".format(dotted(NEWEST_TRIED)))
    sys.stdout.flush()
    if os.path.isdir(venv):
        shutil.rmtree(venv)
    process = subprocess.Popen([python, "-m", "venv", venv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode("utf-8", "replace")
    if process.returncode == 0:
        return
    shutil.rmtree(venv, ignore_errors=True)
    if "ensurepip" in output or "No module named venv" in output:
        raise SetUpError(
            "This Python cannot make virtual environments: its module venv or ensurepip is missing.\n"
            "On Debian and Ubuntu install it with\n"
            "    sudo apt-get install python{}-venv\n"
            "and run this again.".format(dotted(version[:2]))
        )
    raise SetUpError("The virtual environment could not be made:\n" + output)


def clean_environment():
    """Return the variables for pip, without those that would lead it astray."""
    variables = dict(os.environ)
    for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "PIP_TARGET", "PIP_PREFIX"]:
        variables.pop(name, None)
    variables.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", PIP_USER="0", PYTHONUNBUFFERED="1")
    return variables


def lines_of(process, heartbeat_s=10):
    """Yield the lines that a process prints as they come, and None each time it is silent for a while."""
    lines = queue.Queue()  # type: queue.Queue[str | bool]

    def read():
        for line in iter(process.stdout.readline, b""):
            lines.put(line.decode("utf-8", "replace").rstrip())
        lines.put(False)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=heartbeat_s)
        except queue.Empty:
            line = None
        if line is False:
            return
        yield line


class Progress:
    """One line that is rewritten on a terminal; a line now and then in a log."""

    def __init__(self, total):
        """Count up to `total` packages."""
        self.total = total
        self.count = 0
        self.started = time.time()
        self.shown = 0.0
        self.phase = "collecting"

    def see(self, line):
        """Take one line of pip's output, or None for a moment of silence."""
        words = (line or "").split()
        if words[:1] == ["Collecting"] or words[:3] == ["Requirement", "already", "satisfied:"]:
            self.count = min(self.count + 1, self.total)
            self.phase = words[1] if words[0] == "Collecting" else "already there"
        elif words[:3] == ["Installing", "collected", "packages:"]:
            self.phase = "unpacking all of them"
            self.shown = 0.0
        elif words[:2] == ["WARNING:", "Retrying"]:
            phase = "the package index does not answer; trying again"
            self.shown = self.shown if self.phase == phase else 0.0
            self.phase = phase
        self.show()

    def show(self):
        """Print how far we are, if it is time for it."""
        now = time.time()
        if now - self.shown < (0.1 if sys.stdout.isatty() else 10):
            return
        self.shown = now
        text = "  [{:>3}/{}] {:>3} s  {}".format(
            self.count, self.total, int(now - self.started), self.phase[:60]
        )
        sys.stdout.write("\r{:<90}".format(text) if sys.stdout.isatty() else text + "\n")
        sys.stdout.flush()

    def end(self):
        """Leave the line."""
        if sys.stdout.isatty():
            sys.stdout.write("\n")
        print("  done in {} s".format(int(time.time() - self.started)))


def diagnose(log):
    """Return what is wrong in words, from what pip printed when it failed; None when it is nothing known."""
    for signs, advice in DIAGNOSES:
        if any(sign in log for sign in signs):
            return advice
    return None


def install(venv, root):
    """Install the requirements into `venv`, showing progress; keep pip's output in .venv/install.log."""
    with open(os.path.join(root, "constraints.txt")) as file:
        total = sum(1 for line in file if "==" in line and not line.startswith("#"))
    print(
        "Installing about {} packages (one to three minutes; the second time nothing is done)".format(total)
    )
    sys.stdout.flush()
    command = [
        python_in(venv),
        "-m",
        "pip",
        "install",
        "--progress-bar",
        "off",
        "--retries",
        "2",
        "--timeout",
        "30",
    ]
    process = subprocess.Popen(
        command + ["-r", "requirements.txt"],
        cwd=root,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    progress, log = Progress(total), []
    for line in lines_of(process):
        progress.see(line)
        if line is not None:
            log.append(line)
    progress.end()
    with open(os.path.join(venv, "install.log"), "w") as file:
        file.write("\n".join(log) + "\n")
    if process.wait() != 0:
        advice = diagnose("\n".join(log))
        if advice is None:
            print("\n".join("  pip: " + line for line in log[-15:]))
            advice = "pip could not install the packages; its last lines above say why."
        raise SetUpError(advice + "\n(All that pip said is in .venv/install.log.)")


def ensure(root, asked=None):
    """Bring the environment up to date; return whether anything had to be done."""
    venv = os.path.join(root, ".venv")
    stamp = os.path.join(venv, "distsys-stamp.txt")
    present = version_of(python_in(venv)) if os.path.exists(python_in(venv)) else None
    python, version = python_in(venv), present
    if asked or version is None or version[:2] < OLDEST:
        python, version = choose_python(asked)
    if present is not None and present[:2] == version[:2]:
        if read_stamp(stamp) == wanted_stamp(root, present):
            return False
        usable = subprocess.call([python_in(venv), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0
    else:
        usable = False
    if not usable:
        make_venv(python, version, venv)
    elif os.path.exists(stamp):
        print("The requirements changed: bringing .venv up to date")
        os.remove(stamp)
    install(venv, root)
    with open(stamp, "w") as file:
        file.write(wanted_stamp(root, version))
    return True


def main():
    """Read the command line, bring the environment up to date, and say in words what is wrong."""
    parser = argparse.ArgumentParser(description="Make .venv and install what the book needs.")
    parser.add_argument("--python", help="the interpreter to make .venv with, for example python3.12")
    arguments = parser.parse_args()
    try:
        ensure(ROOT, arguments.python)
    except SetUpError as trouble:
        sys.stderr.write("\n" + str(trouble) + "\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run the same command again to go on.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
