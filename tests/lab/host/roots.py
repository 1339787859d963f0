"""Roots of Debian with a lab kernel installed: broken as the machines are, and judged before any boot."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import judge
from checking import CheckCase

SECONDS = 300  # that one root may take
SHAPES = ("directory", "tar")
# Debian's packages and mounts ask for root.
AS_ROOT = [] if os.geteuid() == 0 else ["sudo"]

# What a case finds on a machine. The kernel that runs here is not that of the root.
START = """release=$(ls /lib/modules)
tree=/lib/modules/$release
depmod() { /usr/sbin/depmod "$release"; }
mkdir -p /etc/modprobe.d /run/modprobe.d /usr/lib/modprobe.d
"""


def make(lab: Path, suite: str, root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*AS_ROOT, lab / "root", suite, root], check=True)


def problems(lab: Path, case: CheckCase, root: Path, sockdoctor: Path, machine: Path, folder: Path) -> list[str]:
    """Breaks a copy of `root`; what is wrong with what is foretold of it, also beside what was
    foretold on the `machine` that was broken in the same way."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in (*SHAPES, "scratch"):
        (folder / part).mkdir(parents=True)
    script = START + (lab / "guest" / "machine").read_text() + case.breaks
    done = subprocess.run(
        [*AS_ROOT, "unshare", "--mount", lab / "broken-root", root.resolve(), sockdoctor.resolve(), folder.resolve()],
        input=script, capture_output=True, text=True, timeout=SECONDS,
    )
    if done.returncode:
        return [f"the root could not be broken: {done.stderr}"]
    found = [
        f"as a {shape}: {problem}"
        for shape in SHAPES
        for problem in judge.prediction(case.expect, folder / shape)
    ]
    return found or [*packages(case, folder / "directory"), *beside(machine, folder / "directory"), *shapes_differ(folder)]


def packages(case: CheckCase, root: Path):
    """Dpkg knows whose the kernel's files are."""
    if not case.breaks and "of the package linux-" not in (root / "prediction").read_text():
        yield "of no file it is said that it is of a package of the kernel"


def beside(machine: Path, root: Path):
    """Same files, same words: status and cause of each walk on the machine and of the root."""
    if not (machine / "prediction").exists():
        yield "nothing was foretold on a machine yet: run the case without --roots first"
        return
    there, here = walks(machine), walks(root)
    for name in judge.WALKS:
        for key in ("status", "cause"):
            yield from judge.differ(f"verdict.{name}.{key}, as on the machine", there[name][key], here[name][key])


def shapes_differ(folder: Path):
    """A root in a tar is the same root."""
    directory, tar = (json.loads((folder / shape / "prediction").read_text()) for shape in SHAPES)
    for key in ("verdict", "checks", "exit_code"):
        yield from judge.differ(f"{key} of the tar", directory[key], tar[key])


def walks(folder: Path) -> dict:
    return json.loads((folder / "prediction").read_text())["verdict"]
