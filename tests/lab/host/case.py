"""What all cases have in common, and how their files are read."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file that says what is done on a machine, and what must come of it."""

    name: str
    about: str
    breaks: str = ""  # how the machine is broken or set up
    arguments: str = ""  # of sockdoctor
    cmdline: str = ""  # of the kernel
    own_boot: bool = False  # cannot be undone
    kernels: list[str] | None = None

    @property
    def boots_alone(self) -> bool:
        """A kernel parameter takes a boot to set and another to undo."""
        return self.own_boot or bool(self.cmdline)

    def runs_on(self, kernel: str) -> bool:
        return self.kernels is None or kernel in self.kernels

    @classmethod
    def of(cls, name: str, data: dict):
        return made(cls, name, {"name": name, **data})


def made(kind: type, name: str, data: dict):
    """One of a kind. A key that it does not know is a mistake in the file."""
    unknown = data.keys() - {one.name for one in fields(kind)}
    if unknown:
        raise SystemExit(f"lab: {name}: no such key: {', '.join(sorted(unknown))}")
    return kind(**data)


def load(kind: type[Case], folder: Path, prefix: str = "") -> dict[str, Case]:
    """All cases of a folder, by name."""
    files = {f"{prefix}{path.stem}": path for path in sorted(folder.glob("*.toml"))}
    return {name: kind.of(name, tomllib.loads(path.read_text())) for name, path in files.items()}
