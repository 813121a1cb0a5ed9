"""The variables under which notebooks are executed, the same for the site, the tests and stored outputs."""

import os

import stamps

PROFILE = stamps.BUILD / "ipython" / "profile_default"
CONFIGURATION = """\
# A kernel of ours talks to this machine only; its advice about encryption is noise in the log of a build.
c.IPKernelApp.log_level = 40
"""


def variables() -> dict[str, str]:
    """Return the environment for a process that starts kernels.

    DISTSYS_STATIC=1 makes notebooks show what needs no live kernel. A profile of IPython of our own keeps a
    reader's personal start-up files out of the outputs. PYTHONWARNINGS goes, because any value of it
    makes `jupyter-book build -W` fail on warnings of other people's packages.
    """
    PROFILE.mkdir(parents=True, exist_ok=True)
    (PROFILE / "ipython_kernel_config.py").write_text(CONFIGURATION, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    return kept | {"DISTSYS_STATIC": "1", "IPYTHONDIR": str(PROFILE.parent)}
