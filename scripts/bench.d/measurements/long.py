"""What a very long answer costs."""

from __future__ import annotations

from figures import Figure
from lab import PROMPT, Lab, alternate
from program import Ended, Program
from service import LONG_TOKEN_SIZE, LONG_TOKENS, long_text
from trouble import Trouble

ROUNDS = 5
MIB = 1 << 20
GROWTH_TARGET = 3.0
"""For the memory of a chat, in texts."""
TARGETS = {"pipe": 1.5, "terminal": 5.0}
"""For the CPU time of a token in µs: 100 kB in 30 ms, and as Markdown in 100 ms."""


def long(lab: Lab) -> list[Figure]:
    """an answer of 1 MB in 200,000 tokens: CPU time, also a token, and memory

    The service sends as fast as it is read, about 40 MB of events. CPU: user and system time of the whole process.
    On the terminal curl is no yardstick but a landmark: it prints the events, forty times the text.
    Memory: largest resident set, looked at every 10 ms.
    """
    runs = alternate(
        lab.with_curl(
            {
                "ask, pipe": lambda: run_to_pipe(lab.ask("long")),
                "ask, terminal": lambda: run(lab.ask("long", terminal=True)),
            },
            {
                "curl, pipe": lambda: run(lab.fetch("long")),
                "curl, terminal": lambda: run(lab.fetch("long", terminal=True)),
            },
        ),
        ROUNDS,
    )
    return [*figures(runs, "pipe"), *figures(runs, "terminal"), growth(lab)]


def growth(lab: Lab) -> Figure:
    """By how much the peak memory of a chat grows with the answer, which it keeps and saves."""
    with lab.repl("long") as repl:
        before = repl.program.peak_memory()
        repl.command(PROMPT)
        grown = (repl.program.peak_memory() - before) / MIB
        repl.leave()
    text = LONG_TOKENS * LONG_TOKEN_SIZE / MIB
    return Figure("chat: memory grows by", "MiB", [grown], ("text", [text]), ratio_at_most=GROWTH_TARGET)


def run(program: Program) -> Ended:
    with program:
        return program.finish(keep=False)


def run_to_pipe(program: Program) -> Ended:
    """As `run`, and not one byte of the answer may be missing: a program that drops text is fast."""
    with program:
        ended = program.finish()
        if bytes(program.transcript.data).rstrip(b"\n") != long_text().encode().rstrip(b"\n"):
            raise Trouble("what came out is not what the service sent")
        return ended


def figures(runs: dict[str, list[Ended]], sink: str) -> list[Figure]:
    ours, curls = runs[f"ask, {sink}"], runs.get(f"curl, {sink}")

    def figure(what: str, unit: str, value, at_most: float | None = None) -> Figure:
        beside = ("curl", [value(ended) for ended in curls]) if curls else None
        return Figure(f"{sink}: {what}", unit, [value(ended) for ended in ours], beside, at_most)

    return [
        figure("CPU", "ms", lambda ended: ended.cpu / 1e6),
        figure("CPU a token", "µs", lambda ended: ended.cpu / 1e3 / LONG_TOKENS, TARGETS[sink]),
        figure("wall", "ms", lambda ended: ended.wall / 1e6),
        figure("peak memory", "MiB", lambda ended: ended.peak_memory / MIB),
    ]
