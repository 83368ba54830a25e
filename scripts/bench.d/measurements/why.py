"""What it costs to read a long log."""

from __future__ import annotations

import subprocess
import sys

from figures import Figure
from lab import Lab
from trouble import Trouble

LINES = 100_000
ROUNDS = 11
CPU_TARGET = 150.0
MEMORY_TARGET = 32.0

MEASURE = """
import resource, subprocess, sys
ended = subprocess.run([sys.argv[1], "why"], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(ended.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""A process of its own, so that the figures are those of one child alone."""


def why(lab: Lab) -> list[Figure]:
    """a log of 100,000 lines from a pipe, judged: CPU time and memory

    Half of the lines are the router's, half the app's. The memory is that of the small Python process that starts the
    program, if that is more.
    """
    log = "".join(map(line, range(LINES))).encode()
    ends = [judge(lab, log) for _ in range(ROUNDS)]
    return [
        Figure("why: CPU", "ms", [cpu * 1000 for cpu, _ in ends], at_most=CPU_TARGET),
        Figure("why: memory", "MiB", [memory / 1024 for _, memory in ends], at_most=MEMORY_TARGET),
    ]


def line(number: int) -> str:
    seconds = number // 40
    time = f"2026-11-26T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{number % 40 * 25_000:06}+00:00"
    if number % 2:
        return (
            f'{time} heroku[router]: at=info method=GET path="/orders/{number}?page=2" host=shop.herokuapp.com '
            f'request_id=8601b555-6a83-4c12-8269-{number:012x} fwd="198.51.100.{number % 250}" dyno=web.{number % 4} '
            f"connect=0ms service={number % 900}ms status=200 bytes={number} protocol=http1.1 tls=true\n"
        )
    words = "".join(chr(97 + number // 26**place % 26) for place in range(4))
    return f"{time} app[web.{number % 4}]: [info] {words} handled order {number} of {words[::-1]} in {number % 300} ms\n"


def judge(lab: Lab, log: bytes) -> tuple[float, int]:
    """CPU time in seconds, and the largest resident set in KiB."""
    command = [sys.executable, "-c", MEASURE, str(lab.binary)]
    ended = subprocess.run(command, input=log, env=lab.environment("one_token"), capture_output=True, check=True)
    status, cpu, memory = ended.stdout.split()
    if int(status) != 0:
        raise Trouble(f"it ended with status {int(status)}")
    return float(cpu), int(memory)
