"""What a SYN costs with each tracer, as a multiple of what it costs with none."""

import argparse
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

from machine import Boot, boot, initramfs

LAB = Path(__file__).parent.parent
HOUR = 3600
ROUNDS, SHORT, LONG = 3, 2000, 45000  # as in guest/cost
# What the usual script prints; `%s` is where it prints the stack as well.
SCRIPT = """
kprobe:tcp_conn_request
{
    $sk = (struct sock *)arg2;
    $icsk = (struct inet_connection_sock *)arg2;
    $waiting = $sk->sk_ack_backlog;
    $backlog = $sk->sk_max_ack_backlog;
    printf("syn_queue_num=%%d syn_queue_max=%%d accept_queue_num=%%d accept_queue_max=%%d\\n",
           $icsk->icsk_accept_queue.qlen.counter, $backlog, $waiting, $backlog);
    %s
}
"""
STACK = 'if ($waiting > $backlog) { printf("%s\\n", kstack); }'


class Cost:
    """The only case of its machine."""

    name = "cost"
    cmdline = ""

    def write(self, folder: Path) -> None:
        """What the guest needs of it: bpftrace with its libraries, where nothing else sees them."""
        (folder / "lib").mkdir(parents=True)
        (folder / "kind").write_text("cost\n")
        (folder / "queues.bt").write_text(SCRIPT % "")
        (folder / "stack.bt").write_text(SCRIPT % STACK)
        bpftrace = shutil.which("bpftrace", path="/usr/bin:/usr/sbin")
        shutil.copy(bpftrace, folder / "bpftrace")
        listed = subprocess.run(["ldd", bpftrace], capture_output=True, text=True, check=True)
        for library in re.findall(r"=> (/\S+)", listed.stdout):
            shutil.copy(library, folder / "lib")


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ("bin", "work"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    parser.add_argument("--kernel", required=True)
    options = parser.parse_args()
    kernel = options.work / "kernels" / options.kernel
    initramfs(LAB, kernel, options.bin)
    # The clock of the machine counts its instructions: so the host may be busy.
    results = options.work / "results" / options.kernel
    machine = Boot(options.kernel, [Cost()], results, 2048, ("-icount", "shift=2,sleep=off"))
    trouble = boot(machine, kernel, time.monotonic() + HOUR)
    folder = results / "cost"
    if not (folder / "times").exists():
        raise SystemExit(f"cost: {trouble}")
    report(folder)


def report(folder: Path) -> None:
    times: dict[tuple[str, str], list[int]] = {}
    for line in (folder / "times").read_text().splitlines():
        tracer, kind, micros = line.split()
        times.setdefault((tracer, kind), []).append(int(micros))
    short = {tracer: median(of) / SHORT for (tracer, kind), of in times.items() if kind == "short"}
    long = {tracer: median(of) / LONG for (tracer, kind), of in times.items() if kind == "long"}
    print(f"{'tracer':16}{'a SYN':>8}{'in a long flood':>18}{'SYNs a second':>16}{'  of 1,000 SYNs lost':>20}")
    for tracer, micros in short.items():
        ratio = micros / short["none"]
        slow = f"{long[tracer] / long['none']:.2f}" if tracer in long else "-"
        rate = f"{1e6 / long.get(tracer, micros):.0f}"
        print(f"{tracer:16}{ratio:8.2f}{slow:>18}{rate:>16}  {lost(folder, tracer)}")


def lost(folder: Path, tracer: str) -> str:
    """What it says of that itself."""
    if tracer == "none":
        return ""
    errors = (folder / f"err.{tracer}").read_text().strip()
    if tracer.startswith("bpftrace"):
        sent = ROUNDS * SHORT + (0 if tracer.endswith("-stack") else LONG)
        seen = int((folder / f"events.{tracer}").read_text())
        return f"{1000 * (sent - seen) / sent:.0f} {' | '.join(errors.splitlines()[-2:])}"
    summary = json.loads((folder / f"last.{tracer}").read_text().splitlines()[-1])
    missed = summary["lost"]["drops"]
    return f"{1000 * missed / (missed + summary['drops']):.0f} {errors}"


if __name__ == "__main__":
    main()
