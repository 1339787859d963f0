"""A case of `sockdoctor listeners`: sockets in a known state, and what it must say of them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from case import Case
from judge import differ, read, strings


@dataclass(frozen=True, kw_only=True)
class ListingCase(Case):
    """One file of tests/lab/listeners."""

    socket: list[dict] = field(default_factory=list)  # found by namespace and address
    stream: list[dict] = field(default_factory=list)  # found by address
    says: list[str] = field(default_factory=list)  # anywhere

    def write(self, folder: Path) -> None:
        """What the guest needs of it."""
        folder.mkdir(parents=True)
        (folder / "kind").write_text("listeners\n")
        (folder / "settings").write_text(f"arguments='{self.arguments}'\n")
        (folder / "breaks").write_text(self.breaks)


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
