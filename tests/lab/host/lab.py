"""The kernel lab: every case on every kernel, and tables of what came of it."""

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import judge
import listing
import roots
import tracing
from case import Case, load
from checking import CheckCase
from machine import Boot, boot, fetch, initramfs

LAB = Path(__file__).parent.parent
AT_A_TIME = 2
JUDGING = {
    CheckCase: judge.problems,
    listing.ListingCase: listing.problems,
    tracing.TraceCase: tracing.problems,
}
# Holds our reader of module trees against libkmod.
READER_TEST = "probes::modules::reader::against_libkmod::the_reader_and_libkmod_agree_on_a_real_tree"


def main() -> int:
    options = arguments()
    kernels = select(read_kernels(), options.kernel, "kernel")
    known = load(CheckCase, LAB / "cases")
    known |= load(tracing.TraceCase, LAB / "trace", "trace-")
    known |= load(listing.ListingCase, LAB / "listeners", "listeners-")
    cases = list(select(known, options.case, "case").values())
    options.work.mkdir(parents=True, exist_ok=True)
    failed = 0
    if not options.roots:
        failed += on_machines(kernels, cases, options)
    if options.roots or not options.case:
        failed += in_roots(kernels, [case for case in cases if isinstance(case, CheckCase) and case.on_disk], options)
    return 1 if failed else 0


def on_machines(kernels: dict[str, str], cases: list, options: argparse.Namespace) -> int:
    """Boots what is wanted, and tells of it. How many cells failed."""
    bases = of_each(kernels, lambda name: prepare(name, kernels[name], options))
    if not options.case:
        for name, kernel in bases.items():
            hold_reader_against_libkmod(name, kernel)
    boots = [one for name in kernels for one in plan(name, cases, options.work)]
    # The long ones first, so that the last machine to end is a short one.
    boots.sort(key=lambda one: -len(one.cases))
    deadline = time.monotonic() + 60 * options.minutes
    with ThreadPoolExecutor(AT_A_TIME) as machines:
        cells = {}
        for done in machines.map(lambda one: run(one, bases[one.kernel], deadline), boots):
            cells |= done
    if options.keep_facts:
        keep_facts(cells, options.work / "results")
    return report("on a machine", list(kernels), cases, cells)


def in_roots(kernels: dict[str, str], cases: list[CheckCase], options: argparse.Namespace) -> int:
    """Has roots judged that are broken in the same ways, and tells of it. How many cells failed."""
    made = of_each(kernels, lambda name: root(name, kernels[name], options))
    known = {(name, case.name): case for name in kernels for case in cases if case.runs_on(name)}
    cells = of_each(known, lambda cell: in_root(made[cell[0]], cell[0], known[cell], options))
    return report("in a root", list(kernels), cases, cells)


def of_each(things: Iterable, get: Callable) -> dict:
    """What `get` gives for each, made by two at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return dict(zip(things, pool.map(get, things)))


def in_root(made: Path, kernel: str, case: CheckCase, options: argparse.Namespace) -> list[str]:
    """What is wrong with one case."""
    machine, folder = (options.work / part / kernel / case.name for part in ("results", "results-roots"))
    try:
        return roots.problems(LAB, case, made, options.bin / "sockdoctor", machine, folder)
    except Exception:
        return [f"cannot be judged: {traceback.format_exc()}"]


def root(name: str, suite: str, options: argparse.Namespace) -> Path:
    """Makes a root with a kernel unless it is there."""
    made = options.work / "roots" / name
    if not made.exists():
        print(f"lab: making a root of {suite}", file=sys.stderr)
        from_suite(roots.make, name, suite, made)
    return made


def from_suite(get: Callable[[Path, str, Path], None], name: str, suite: str, into: Path) -> None:
    """A kernel that cannot be had is no cell less: the lab ends."""
    try:
        get(LAB, suite, into)
    except subprocess.CalledProcessError:
        sys.exit(f"lab: no kernel {name} from Debian's {suite}; --kernel NAME says which to use")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/lab/run", description=__doc__)
    parser.add_argument("--kernel", action="append", help="only this kernel of tests/lab/kernels")
    parser.add_argument("--case", action="append", help="only this case of tests/lab/cases, trace-NAME of tests/lab/trace, or listeners-NAME of tests/lab/listeners")
    parser.add_argument("--roots", action="store_true", help="only roots of Debian that are broken in the same ways; without --case they are judged behind the machines")
    parser.add_argument("--keep-facts", action="store_true", help="store what was seen in the cases that pass, for cargo test")
    parser.add_argument("--minutes", type=float, default=60, help="end machines that still run then, and tell what was seen (%(default)s)")
    parser.add_argument("--bin", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def read_kernels() -> dict[str, str]:
    lines = (LAB / "kernels").read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


def select(known: dict, wanted: list[str] | None, what: str) -> dict:
    for name in wanted or []:
        if name not in known:
            sys.exit(f"lab: no {what} named {name}; there are: {' '.join(known)}")
    return {name: value for name, value in known.items() if not wanted or name in wanted}


def prepare(name: str, suite: str, options: argparse.Namespace) -> Path:
    """Fetches a kernel unless it is there, and builds its machine's file system."""
    kernel = options.work / "kernels" / name
    if not kernel.exists():
        print(f"lab: fetching {name} from {suite}", file=sys.stderr)
        from_suite(fetch, name, suite, kernel)
    initramfs(LAB, kernel, options.bin)
    return kernel


def hold_reader_against_libkmod(name: str, kernel: Path) -> None:
    """Our reader of module trees and libkmod have to say the same of every alias of this kernel."""
    release = (kernel / "release").read_text().strip()
    tree = (kernel / "tree/usr/lib/modules" / release).resolve()
    test = ["cargo", "test", "--quiet", "--locked", "-p", "sockdoctor", "--lib", "--", "--ignored", "--exact", READER_TEST]
    done = subprocess.run(
        test, env=os.environ | {"SOCKDOCTOR_MODULE_TREE": str(tree)}, capture_output=True, text=True,
    )
    # Cargo is content where no test has that name.
    if done.returncode or "1 passed" not in done.stdout:
        sys.exit(f"lab: on the module tree of {name}:\n{done.stdout}{done.stderr}")


def plan(kernel: str, cases: list[Case], work: Path) -> list[Boot]:
    """One boot for all cases that can be undone, and one for each that cannot."""
    cases = [case for case in cases if case.runs_on(kernel)]
    shared = [case for case in cases if not case.boots_alone]
    groups = [shared] if shared else []
    groups += [[case] for case in cases if case.boots_alone]
    return [Boot(kernel, group, work / "results" / kernel) for group in groups]


def run(one: Boot, kernel: Path, deadline: float) -> dict[tuple[str, str], list[str]]:
    """Boots, and judges each case: what is wrong with it, by kernel and case."""
    start = time.monotonic()
    trouble = boot(one, kernel, deadline)
    seconds, what = time.monotonic() - start, one.cases[0].name if len(one.cases) == 1 else f"{len(one.cases)} cases"
    print(f"lab: {seconds:4.0f} s  {one.kernel}: {what}", file=sys.stderr)
    return {(one.kernel, case.name): judged(case, one.results / case.name, trouble) for case in one.cases}


def judged(case: Case, folder: Path, trouble: str) -> list[str]:
    """What is wrong with a case. The table is printed whatever a machine sends."""
    if not (folder / "ended").exists():
        return [trouble]
    try:
        return JUDGING[type(case)](case, folder)
    except Exception:
        return [f"cannot be judged: {traceback.format_exc()}"]


def keep_facts(cells: dict[tuple[str, str], list[str]], results: Path) -> None:
    """One recording of each case, without the lines and blanks that only people need."""
    for (kernel, case), problems in cells.items():
        if not problems and (results / kernel / case / "facts").exists():
            facts = json.loads((results / kernel / case / "facts").read_text())
            kept = LAB / "facts" / f"{case}.json"
            kept.write_text(json.dumps(facts, separators=(",", ":"), ensure_ascii=False) + "\n")


def report(where: str, kernels: list[str], cases: list, cells: dict) -> int:
    """The table, and below it what is wrong where. How many cells failed; none at all is a failure."""
    width = max(len(name) for name in [where, *(case.name for case in cases)]) + 2
    print(f"\n{where.ljust(width)}" + "".join(kernel.rjust(8) for kernel in kernels))
    for case in cases:
        row = [word(cells.get((kernel, case.name))) for kernel in kernels]
        print(case.name.ljust(width) + "".join(cell.rjust(8) for cell in row))
    for (kernel, case), problems in sorted(cells.items()):
        for problem in problems:
            print(f"\n{kernel} {case}: {problem}")
    counts = Counter(word(cell) for cell in cells.values())
    print(f"\n{where}: {counts['ok']} ok, {counts['FAIL']} failed", flush=True)
    return counts["FAIL"] if cells else 1


def word(problems: list[str] | None) -> str:
    if problems is None:
        return "-"
    return "FAIL" if problems else "ok"


if __name__ == "__main__":
    sys.exit(main())
