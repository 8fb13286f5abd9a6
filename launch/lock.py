"""`python3 manage.py lock`: remake `requirements/*.txt` from the groups in pyproject.toml.

Hash-locked, for every platform at once, and without a line that names a host. `dev` is resolved
first and the others start from its versions, so that the three stay nested: run ⊂ demo ⊂ dev.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from launch.paths import Checkout
from launch.terminal import Stop, say

FLAGS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--quiet",
)


def main(checkout: Checkout, arguments: Sequence[str]) -> int:
    """Remake the three locks; `--upgrade` takes the newest versions the groups allow."""
    unknown = set(arguments) - {"--upgrade"}
    if unknown:
        raise Stop(f"lock knows --upgrade only, not {' '.join(sorted(unknown))}.")
    uv = shutil.which("uv")
    if uv is None:
        raise Stop("lock needs uv on PATH (python3 -m pip install uv, in an environment of your own).")
    for name in ("dev", "demo", "run"):
        say(f"requirements/{name}.txt")
        command = [uv, "pip", "compile", "pyproject.toml", "--group", name, *FLAGS]
        command += ["-o", str(checkout.lock_file(name))]
        if name == "dev":
            command += arguments
        else:
            # uv keeps the versions that it finds in the file it is going to write.
            shutil.copy(checkout.lock_file("dev"), checkout.lock_file(name))
        code = subprocess.call(command, cwd=checkout.root)
        if code:
            return code
    return 0
