"""Lab machines: their kernels, their file systems, and their boots."""

import shutil
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from case import Case

# Seconds. A machine that sends nothing for so long hangs: no case takes more than 20 where ten
# others want the processor.
SILENCE = 300


@dataclass(frozen=True)
class Boot:
    """One start of one kernel, with the cases that share it."""

    kernel: str
    cases: list[Case]
    results: Path
    megabytes: int = 512
    qemu: tuple[str, ...] = ()  # more options

    @property
    def cmdline(self) -> str:
        own = " ".join(case.cmdline for case in self.cases)
        return f"console=ttyS0 panic=-1 loglevel=4 {own}"


def fetch(lab: Path, suite: str, kernel: Path) -> None:
    kernel.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([lab / "fetch", suite, kernel], check=True)


def initramfs(lab: Path, kernel: Path, programs: Path) -> None:
    subprocess.run([lab / "initramfs", kernel, programs, kernel / "base.cpio"], check=True)


def boot(one: Boot, kernel: Path, deadline: float) -> str:
    """Runs the cases and unpacks their results. Says what went wrong with the machine."""
    for case in one.cases:
        shutil.rmtree(one.results / case.name, ignore_errors=True)
    one.results.mkdir(parents=True, exist_ok=True)
    console = one.results / f"{one.cases[0].name}.console"
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        image, results = work / "image", work / "results"
        image.write_bytes((kernel / "base.cpio").read_bytes() + archive(one.cases, work))
        with subprocess.Popen(qemu(one, kernel, image, console, results)) as machine:
            trouble = watch(machine, [console, results], deadline)
        unpack(results, one.results)
    tail = console.read_text(errors="replace").splitlines()[-15:] if console.exists() else []
    return "\n    ".join([trouble, *tail])


def watch(machine: subprocess.Popen, outputs: list[Path], deadline: float) -> str:
    """Waits for the end of a machine, and ends one that hangs or has no time left. Says which.

    A machine is slow where its host is busy, so its time is not limited while it sends something.
    """
    sent, heard = -1, time.monotonic()
    while True:
        try:
            code = machine.wait(timeout=1)
            return f"qemu ended with {code}" if code else "no result of this case"
        except subprocess.TimeoutExpired:
            size = sum(path.stat().st_size for path in outputs if path.exists())
        now = time.monotonic()
        if size != sent:
            sent, heard = size, now
        if now - heard > SILENCE or now > deadline:
            machine.kill()
            return f"silent for {SILENCE} s" if now <= deadline else "the time of the lab is over"


def qemu(one: Boot, kernel: Path, image: Path, console: Path, results: Path) -> list:
    # TCG always: a /dev/kvm that is there may still hang. Without cx16: under QEMU 7.2 Linux 6.12
    # died in the allocator now and then, with flags that no cmpxchg16b can leave.
    return [
        *("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,-cx16", "-m", str(one.megabytes)),
        *one.qemu,
        *("-nodefaults", "-no-reboot", "-display", "none"),
        *("-kernel", kernel / "vmlinuz", "-initrd", image, "-append", one.cmdline),
        *("-serial", f"file:{console}", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
        *("-chardev", f"file,id=results,path={results}", "-device", "virtserialport,chardev=results"),
    ]


def archive(cases: list[Case], work: Path) -> bytes:
    """The cases as a second archive, which the kernel unpacks over the first."""
    root = work / "cases"
    for case in cases:
        case.write(root / "lab" / "cases" / case.name)
    (root / "lab" / "order").write_text("".join(f"{case.name}\n" for case in cases))
    root.chmod(0o755)
    names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    made = subprocess.run(
        ["busybox", "cpio", "-o", "-H", "newc"],
        cwd=root, input=names.encode(), capture_output=True, check=True,
    )
    return made.stdout


def unpack(results: Path, folder: Path) -> None:
    """One archive after another; the last may be cut off where the machine died."""
    try:
        with tarfile.open(results, ignore_zeros=True) as stream:
            stream.extractall(folder, filter="data")
    except (tarfile.ReadError, FileNotFoundError):
        pass
