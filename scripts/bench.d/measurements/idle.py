"""What a chat costs that nobody uses."""

from __future__ import annotations

import os
import re

from distance import Distance
from figures import Figure
from lab import Lab, milliseconds
from measurements.distance import ROUND_TRIP, TARGET, start, turn
from repl import Repl
from trouble import Trouble

MINUTES = 10
LAST = 60
"""Seconds at the end, in which it must not wake up."""
GROWTH_TARGET = 1.0


def idle(lab: Lab) -> list[Figure]:
    """ten minutes of a chat at its prompt, behind a turn: sockets, wake-ups in the last minute, memory, the next turn

    Sockets: the TCP connections that are open at the end. Wake-ups: how often a thread of the program went back to sleep. Memory: the
    resident set at the end, beside that right behind the turn. The service is as far away as in `distance`.
    """
    with Distance(ROUND_TRIP) as far, start(lab, far) as repl:
        turn(repl, far)
        repl.settle()
        before = status(repl, "VmRSS")
        repl.watch(MINUTES * 60 - LAST)
        woken = wake_ups(repl)
        repl.watch(LAST)
        figures = [
            Figure("idle chat: sockets", "", [sockets(repl)], at_most=0),
            Figure("idle chat: wake-ups in a minute", "", [wake_ups(repl) - woken], at_most=0),
            Figure("idle chat: memory", "kB", [status(repl, "VmRSS")], ("before", [before]), ratio_at_most=GROWTH_TARGET),
            Figure("Enter → request, after that", "ms", milliseconds([turn(repl, far)]), at_most=TARGET),
        ]
        repl.leave()
    return figures


def status(repl: Repl, name: str, thread: str = "") -> int:
    path = f"/proc/{repl.program.pid}/{thread}status"
    with open(path, encoding="utf-8") as file:
        found = re.search(rf"^{name}:\s*(\d+)", file.read(), re.MULTILINE)
    if found is None:
        raise Trouble(f"{path} says nothing of {name}")
    return int(found[1])


def wake_ups(repl: Repl) -> int:
    threads = os.listdir(f"/proc/{repl.program.pid}/task")
    return sum(status(repl, "voluntary_ctxt_switches", f"task/{thread}/") for thread in threads)


def sockets(repl: Repl) -> int:
    """How many TCP connections the program has open."""
    process = f"/proc/{repl.program.pid}"
    links = [os.readlink(os.path.join(process, "fd", name)) for name in os.listdir(f"{process}/fd")]
    connections = set()
    for table in ("tcp", "tcp6"):
        with open(f"{process}/net/{table}", encoding="ascii") as lines:
            connections |= {f"socket:[{line.split()[9]}]" for line in list(lines)[1:]}
    return sum(link in connections for link in links)
