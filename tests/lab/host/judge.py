"""Holds what was seen in the guest against what the case expects."""

import json
from collections.abc import Iterator
from pathlib import Path

from checking import CheckCase, Expect

BACKLOG, UNREAD = "77", "9"
# The walks on whose end ss is right.
SEEING = ("pass", "warn")
WALKS = ("tcp", "unix")


def problems(case: CheckCase, folder: Path) -> list[str]:
    """What is wrong, in words; nothing if all is as it must be."""
    trouble = read(folder / "trouble")
    if read(folder / "ended") != "0":
        return [f"the case itself failed: {trouble}"]
    found = [f"foretold: {problem}" for problem in prediction(case.expect, folder)]
    found += look(case.expect, folder, "")
    if case.remedy:
        failed = read(folder / "not-carried-out").splitlines()
        found += [f"a step of the remedy failed: {step}" for step in failed]
        mended = Expect(**{"tcp": "pass", "unix": "pass", case.remedy: case.mended})
        found += [f"after the remedy: {problem}" for problem in look(mended, folder, ".after")]
    return found


def look(expect: Expect, folder: Path, run: str):
    """One run of sockdoctor, and of ss beside it."""
    yield from ss(expect, folder, run)
    document = yield from parsed(folder, run, f"report{run}")
    if document is None:
        return
    yield from verdict(expect, document["verdict"])
    yield from checks(expect, document["checks"])
    said = "\n".join(strings(document))
    for words in expect.evidence:
        if words not in said:
            yield f"nowhere in the report: {words!r}"
    yield from code(expect, document, read(folder / f"code{run}"))
    if expect.loads is not None:
        loaded = sorted(line.split()[0] for line in read(folder / f"modules{run}").splitlines() if "_diag" in line.split()[0])
        yield from differ("diag modules loaded", sorted(expect.loads), loaded)


def prediction(expect: Expect, folder: Path):
    """What `sockdoctor image` said of the same files: it must be what came."""
    document = yield from parsed(folder, ".prediction", "prediction")
    if document is None:
        return
    status = str(document["exit_code"])
    yield from differ("exit code", status, read(folder / "code.prediction"))
    for name in WALKS:
        found, status = document["verdict"][name], expect.foretold(name)
        yield from differ(f"verdict.{name}.status", status, found["status"])
        if status == getattr(expect, name) == "fail" and expect.cause:
            yield from differ(f"verdict.{name}.cause", expect.cause, found["cause"])


def parsed(folder: Path, run: str, report: str):
    """The document of one run, `None` if there is none."""
    stderr, text = read(folder / f"stderr{run}"), read(folder / report)
    if stderr:
        yield f"stderr: {stderr}"
    try:
        return json.loads(text)
    except ValueError as error:
        yield f"the report is not JSON ({error}): {text[:200]!r}"
        return None


def ss(expect: Expect, folder: Path, run: str):
    """The real ss: that the machine is broken as the case says."""
    tcp, unix = read(folder / f"ss-tcp{run}"), read(folder / f"ss-unix{run}")
    send_q = (BACKLOG if expect.tcp in SEEING else "0") if expect.send_q is None else expect.send_q
    unread = (UNREAD if expect.unix in SEEING else "0") if expect.unread is None else expect.unread
    yield from differ("ss: Send-Q of the listener", send_q, column(tcp, "LISTEN", 2))
    yield from differ("ss: Recv-Q of the unix stream", unread, column(unix, "u_str", 2))


def column(output: str, first: str, number: int) -> str:
    """One column of the line of ss that starts with `first`; empty if there is no such line."""
    rows = [line.split() for line in output.splitlines() if line.startswith(first)]
    return rows[0][number] if rows else ""


def verdict(expect: Expect, found: dict):
    for walk, status in (("tcp", expect.tcp), ("unix", expect.unix)):
        yield from differ(f"verdict.{walk}.status", status, found[walk]["status"])
        if status == "fail" and expect.cause:
            yield from differ(f"verdict.{walk}.cause", expect.cause, found[walk]["cause"])
    first_lines = "\n".join(map(walk_text, (found["tcp"], found["unix"])))
    for words in expect.says:
        if words not in first_lines:
            yield f"the verdict does not say {words!r}:\n{first_lines}"
    for words in expect.says_not:
        if words in first_lines:
            yield f"the verdict says {words!r}:\n{first_lines}"


def walk_text(walk: dict) -> str:
    steps = [f"    {step['status']} {step['name']}: {step['detail']}" for step in walk["steps"]]
    return "\n".join([f"    {walk['summary']}", *steps])


def checks(expect: Expect, found: list[dict]):
    statuses = {check["id"]: check["status"] for check in found}
    for name, status in expect.checks.items():
        yield from differ(f"check {name}", status, statuses.get(name))
    if expect.exit == 0 or "fail" not in expected(expect):
        for name, status in statuses.items():
            if status == "fail":
                yield f"check {name} fails where nothing is broken"


def code(expect: Expect, document: dict, status: str):
    exit_code = expect.exit if expect.exit is not None else int("fail" in expected(expect))
    yield from differ("exit code", str(exit_code), status)
    yield from differ("exit_code in the report", status, str(document["exit_code"]))


def expected(expect: Expect) -> set[str]:
    return {expect.tcp, expect.unix, *expect.checks.values()}


def differ(what: str, wanted, found):
    if wanted != found:
        yield f"{what}: {found!r}, must be {wanted!r}"


def strings(value) -> Iterator[str]:
    """All text in a document, without JSON's escapes."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def read(path: Path) -> str:
    return path.read_text(errors="replace").strip() if path.exists() else ""
