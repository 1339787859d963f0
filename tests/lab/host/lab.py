"""The kernel lab: every case on every kernel, and a table of what came of it."""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import judge
import tracing
from case import Case, load_cases
from machine import Boot, boot, fetch, initramfs

LAB = Path(__file__).parent.parent
MACHINES_AT_A_TIME = 2
# Holds our reader of module trees against libkmod.
READER_TEST = "probes::modules::reader::against_libkmod::the_reader_and_libkmod_agree_on_a_real_tree"


def main() -> int:
    options = arguments()
    kernels = select(read_kernels(), options.kernel, "kernel")
    known = load_cases(LAB / "cases") | tracing.load_traces(LAB / "trace")
    cases = select(known, options.case, "case")
    options.work.mkdir(parents=True, exist_ok=True)
    bases = {name: prepare(name, suite, options) for name, suite in kernels.items()}
    if not options.case:
        for name, kernel in bases.items():
            hold_reader_against_libkmod(name, kernel)
    boots = [one for name in kernels for one in plan(name, cases.values(), options.work)]
    # The long ones first, so that the last machine to end is a short one.
    boots.sort(key=lambda one: -len(one.cases))
    with ThreadPoolExecutor(MACHINES_AT_A_TIME) as machines:
        cells = {}
        for done in machines.map(lambda one: run(one, bases[one.kernel]), boots):
            cells |= done
    if options.keep_facts:
        keep_facts(cells, options.work / "results")
    return report(list(kernels), list(cases), cells)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/lab/run", description=__doc__)
    parser.add_argument("--kernel", action="append", help="only this kernel of tests/lab/kernels")
    parser.add_argument("--case", action="append", help="only this case of tests/lab/cases, or trace-NAME of tests/lab/trace")
    parser.add_argument("--keep-facts", action="store_true", help="store what was seen in the cases that pass, for cargo test")
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
        fetch(LAB, suite, kernel)
    initramfs(LAB, kernel, options.bin)
    return kernel


def hold_reader_against_libkmod(name: str, kernel: Path) -> None:
    """Our reader of module trees and libkmod have to say the same of every alias of this kernel."""
    release = (kernel / "release").read_text().strip()
    tree = (kernel / "tree/usr/lib/modules" / release).resolve()
    test = ["cargo", "test", "--quiet", "-p", "sockdoctor", "--lib", "--", "--ignored", "--exact", READER_TEST]
    done = subprocess.run(
        test, env=os.environ | {"SOCKDOCTOR_MODULE_TREE": str(tree)}, capture_output=True, text=True,
    )
    # Cargo is content where no test has that name.
    if done.returncode or "1 passed" not in done.stdout:
        sys.exit(f"lab: on the module tree of {name}:\n{done.stdout}{done.stderr}")


def plan(kernel: str, cases: list[Case], work: Path) -> list[Boot]:
    """One boot for all cases that can be undone, and one for each that cannot."""
    cases = [case for case in cases if case.runs_on(kernel)]
    shared = [case for case in cases if not case.own_boot]
    groups = [shared] if shared else []
    groups += [[case] for case in cases if case.own_boot]
    return [Boot(kernel, group, work / "results" / kernel) for group in groups]


def run(one: Boot, kernel: Path) -> dict[tuple[str, str], list[str]]:
    """Boots, and judges each case: what is wrong with it, by kernel and case."""
    trouble = boot(one, kernel)
    cells = {}
    for case in one.cases:
        folder = one.results / case.name
        if (folder / "ended").exists():
            judging = judge if isinstance(case, Case) else tracing
            cells[one.kernel, case.name] = judging.problems(case, folder)
        else:
            cells[one.kernel, case.name] = [trouble or "the machine sent no result"]
    return cells


def keep_facts(cells: dict[tuple[str, str], list[str]], results: Path) -> None:
    """One recording of each case, without the lines and blanks that only people need."""
    for (kernel, case), problems in cells.items():
        if not problems and (results / kernel / case / "facts").exists():
            facts = json.loads((results / kernel / case / "facts").read_text())
            kept = LAB / "facts" / f"{case}.json"
            kept.write_text(json.dumps(facts, separators=(",", ":"), ensure_ascii=False) + "\n")


def report(kernels: list[str], cases: list[str], cells: dict) -> int:
    """The table, and below it what is wrong where."""
    width = max(map(len, cases)) + 2
    print("case".ljust(width) + "".join(kernel.rjust(8) for kernel in kernels))
    for case in cases:
        row = [word(cells.get((kernel, case))) for kernel in kernels]
        print(case.ljust(width) + "".join(cell.rjust(8) for cell in row))
    for (kernel, case), problems in sorted(cells.items()):
        for problem in problems:
            print(f"\n{kernel} {case}: {problem}")
    counts = Counter(word(cell) for cell in cells.values())
    print(f"\n{counts['ok']} ok, {counts['FAIL']} failed")
    return 1 if counts["FAIL"] or not cells else 0


def word(problems: list[str] | None) -> str:
    if problems is None:
        return "-"
    return "FAIL" if problems else "ok"


if __name__ == "__main__":
    sys.exit(main())
