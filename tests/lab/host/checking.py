"""A case of `sockdoctor check`: how the machine is broken, and what must be said about it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from case import Case, made

# What breaks or sets up a machine that runs. In a root there is nothing that such commands find.
RUNNING = re.compile(r"sysctl|/proc/|modprobe -a|\bhold\b|ip netns")


@dataclass(frozen=True, kw_only=True)
class Expect:
    """What must be seen. `None`: not looked at."""

    tcp: str  # status of each walk
    unix: str
    cause: str | None = None  # the check that a failed walk blames
    says: list[str] = field(default_factory=list)  # in the walks
    says_not: list[str] = field(default_factory=list)  # nowhere in the walks
    evidence: list[str] = field(default_factory=list)  # in the whole report
    checks: dict[str, str] = field(default_factory=dict)  # status by check
    exit: int | None = None  # default: 1 if a walk or a check fails, else 0
    send_q: str | None = None  # what ss shows for a backlog of 77; default: by the walk
    unread: str | None = None  # what ss shows for nine unread bytes; default: by the walk
    loads: list[str] | None = None  # diag modules that are loaded afterwards
    # Status of each walk that `sockdoctor image /` foretells; default: as seen. For what only a
    # machine that runs has (sysctl -w, environment, command line), or where `about` says why.
    image: dict[str, str] = field(default_factory=dict)

    def foretold(self, walk: str) -> str:
        """The status that must be foretold for a walk."""
        return self.image.get(walk, getattr(self, walk))


@dataclass(frozen=True, kw_only=True)
class CheckCase(Case):
    """One file of tests/lab/cases."""

    expect: Expect
    env: str = ""
    user: str = "root"
    remedy: str = ""  # the walk whose remedy is carried out
    mended: str = "pass"  # and the status of that walk afterwards
    by_hand: str = ""  # how a person does what that remedy says in words

    @classmethod
    def of(cls, name: str, data: dict):
        return super().of(name, data | {"expect": made(Expect, name, data["expect"])})

    @property
    def on_disk(self) -> bool:
        """Whether files alone are broken, or nothing at all, so that an image can be as this machine is."""
        if not self.breaks:
            return not (self.arguments or self.env or self.cmdline) and self.user == "root"
        return not RUNNING.search(self.breaks)

    def write(self, folder: Path) -> None:
        """What the guest needs of it."""
        folder.mkdir(parents=True)
        (folder / "kind").write_text("case\n")
        settings = ("arguments", "env", "user", "remedy")
        lines = [f"{name}='{getattr(self, name)}'\n" for name in settings]
        (folder / "settings").write_text("".join(lines))
        (folder / "breaks").write_text(self.breaks)
        (folder / "by_hand").write_text(self.by_hand)
