"""A case of `sockdoctor listeners`: sockets in a known state, and what it must say of them."""

import json
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import ClassVar

from judge import differ, read, strings


@dataclass(frozen=True, kw_only=True)
class ListingCase:
    """One file of tests/lab/listeners."""

    name: str
    about: str
    breaks: str
    arguments: str = ""
    socket: list[dict] = field(default_factory=list)  # found by namespace and address
    stream: list[dict] = field(default_factory=list)  # found by address
    says: list[str] = field(default_factory=list)  # anywhere
    kernels: list[str] | None = None

    own_boot: ClassVar[bool] = False
    cmdline: ClassVar[str] = ""

    def runs_on(self, kernel: str) -> bool:
        return self.kernels is None or kernel in self.kernels

    def write(self, folder: Path) -> None:
        """What the guest needs of it."""
        folder.mkdir(parents=True)
        (folder / "kind").write_text("listeners\n")
        (folder / "settings").write_text(f"arguments='{self.arguments}'\n")
        (folder / "breaks").write_text(self.breaks)


def load_listings(folder: Path) -> dict[str, ListingCase]:
    return {f"listeners-{path.stem}": load(path) for path in sorted(folder.glob("*.toml"))}


def load(path: Path) -> ListingCase:
    data = tomllib.loads(path.read_text())
    unknown = data.keys() - {one.name for one in fields(ListingCase)}
    if unknown:
        raise SystemExit(f"lab: {path}: no such key: {', '.join(sorted(unknown))}")
    return ListingCase(name=f"listeners-{path.stem}", **data)


def problems(case: ListingCase, folder: Path) -> list[str]:
    """What is wrong, in words; nothing if all is as it must be."""
    if read(folder / "ended") != "0":
        return [f"the case itself failed: {read(folder / 'trouble')}"]
    if read(folder / "stderr"):
        return [f"stderr: {read(folder / 'stderr')}"]
    document = json.loads(read(folder / "listing"))
    sockets = [
        {"namespace": row["namespace"], "address": row["address"]} | socket
        for row in document["listeners"]
        for socket in row["sockets"]
    ]
    found = list(rows(case.socket, sockets, ("namespace", "address")))
    found += rows(case.stream, document["streams"], ("address",))
    found += differ("BPF programs afterwards", "", read(folder / "programs.after"))
    said = "\n".join(strings(document))
    gaps = json.dumps(document["gaps"])
    found += [f"nowhere said: {words!r}; gaps: {gaps}" for words in case.says if words not in said]
    return found


def rows(wanted: list[dict], found: list[dict], key: tuple[str, ...]):
    """Each wanted row is there once, and as it is wanted: what is not said of it is null."""
    named = ("accept_queue", "backlog", "drops", "unread", "source")
    for row in wanted:
        place = " ".join(row[part] for part in key)
        those = [one for one in found if all(one[part] == row[part] for part in key)]
        yield from differ(f"rows of {place}", 1, len(those))
        for name in named:
            if those and name in those[0] and (name in row or name != "drops"):
                yield from differ(f"{name} of {place}", row.get(name), those[0][name])
