"""A case of `sockdoctor trace`: what is done while it watches, and what it must have seen."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from case import Case


@dataclass(frozen=True, kw_only=True)
class TraceCase(Case):
    """One file of tests/lab/trace."""

    does: str  # while it watches
    arguments: str = "--all"
    signal: str = "INT"  # how it is ended
    why: dict[str, int] = field(default_factory=dict)  # requests by what became of them; -1: some
    listeners: int | None = None  # at how many there were drops
    processes: list[str] = field(default_factory=list)  # who holds them
    frames: list[str] = field(default_factory=list)  # in some stack
    unseen: int = 0  # drops at listeners that were not asked for
    attached_by: str = "fentry"

    def write(self, folder: Path) -> None:
        """What the guest needs of it."""
        folder.mkdir(parents=True)
        (folder / "kind").write_text("trace\n")
        (folder / "settings").write_text(f"arguments='{self.arguments}'\nsignal='{self.signal}'\n")
        (folder / "breaks").write_text(self.breaks)
        (folder / "does").write_text(self.does)


def problems(case: TraceCase, folder: Path) -> list[str]:
    """What is wrong, in words; nothing if all is as it must be."""
    read = lambda name: (folder / name).read_text(errors="replace").strip()
    if read("ended") != "0":
        return [f"the case itself failed: {read('trouble')}"]
    if read("stderr"):
        return [f"stderr: {read('stderr')}"]
    found = list(left_behind(read))
    lines = [json.loads(line) for line in read("trace").splitlines()]
    if case.signal == "KILL":
        return found
    by_kind = lambda kind: [line for line in lines if line["kind"] == kind]
    if not by_kind("summary"):
        return [*found, f"no summary: {read('trace')[-600:]}"]
    requests, summary = by_kind("request"), by_kind("summary")[0]
    found += differ("attached_by", case.attached_by, summary["attached_by"])
    found += differ("lost", {"drops": 0, "others": 0}, summary["lost"])
    found += differ("exit code", str(int(summary["drops"] > 0)), read("code"))
    found += outcomes(case, requests, summary)
    found += counters(case, summary)
    found += listeners(case, summary, folder)
    said = {frame for stack in summary["stacks"] for frame in stack["frames"]}
    found += [f"in no stack: {frame}; there are {sorted(said)}" for frame in case.frames if frame not in said]
    return found


def outcomes(case: TraceCase, requests: list[dict], summary: dict):
    """What became of the requests: as done, and the same in the lines as in the summary."""
    lines = Counter(request["why"] for request in requests)
    yield from differ("requests in the summary", dict(lines), summary["requests"])
    for why, count in case.why.items():
        if lines[why] != count if count >= 0 else not lines[why]:
            yield f"{why}: {lines[why]}, must be {count if count >= 0 else 'some'}; all: {dict(lines)}"
    for why in lines:
        if why not in case.why:
            yield f"{why}: {lines[why]}, must be none"


def counters(case: TraceCase, summary: dict):
    """To the unit: every step of ListenDrops and ListenOverflows is one event."""
    unseen = 0
    for one in summary["counters"]:
        if "unknown" in one:
            yield f"counters of {one['namespace']}: {one['unknown']}"
            continue
        yield from differ(f"doubtful in {one['namespace']}", 0, one["doubtful"])
        drops = one["listen_drops"]
        unseen += drops["grew"] - drops["seen"]
        if not case.unseen:
            for name in ("listen_drops", "listen_overflows"):
                yield from differ(f"{name} seen in {one['namespace']}", one[name]["grew"], one[name]["seen"])
    yield from differ("drops not seen", case.unseen, unseen)
    if case.listeners != 0 and not summary["counters"]:
        yield "no counter moved"


def listeners(case: TraceCase, summary: dict, folder: Path):
    """The same for sk_drops, which is per listener: the sum over a group is told by ss."""
    if case.listeners is not None:
        dropping = [one for one in summary["listeners"] if one["drops"]]
        yield from differ("listeners with drops", case.listeners, len(dropping))
    seen = Counter()
    for one in summary["listeners"]:
        address = re.sub(r"^\[(.*)\]", r"[\1]", one["listener"])
        seen[one["inode"]] += one["drops"]
        process = (one["process"] or {}).get("name")
        if case.processes and process not in case.processes:
            yield f"{address} is held by {process}, must be one of {case.processes}"
    told = sk_drops(folder)
    for inode, drops in seen.items():
        if inode in told or drops:
            yield from differ(f"sk_drops of the listener with inode {inode}", told.get(inode), drops)


def sk_drops(folder: Path) -> dict[int, int]:
    """What `ss -ltnem` says: the drops of each listener, by inode."""
    told = {}
    for path in folder.glob("ss.*"):
        text = path.read_text()
        for row in re.findall(r"ino:(\d+).*?skmem:\([^)]*\bd(\d+)\)", text, re.S):
            told[int(row[0])] = int(row[1])
    return told


def left_behind(read):
    """Programs in the kernel, before, meanwhile and after."""
    for when, wanted in (("before", False), ("meanwhile", True), ("after", False)):
        programs = read(f"programs.{when}")
        if bool(programs) != wanted:
            yield f"BPF programs {when}: {programs or 'none'}"


def differ(what: str, wanted, found):
    if wanted != found:
        yield f"{what}: {found!r}, must be {wanted!r}"
