"""Whether a conversation gets slower as it grows."""

from __future__ import annotations

from figures import Figure
from lab import PROMPT, Lab, milliseconds

TURNS = 200
BLOCK = 10
TARGET = 1.0
"""For either of the two, in ms, at any length of the conversation."""


def turns(lab: Lab) -> list[Figure]:
    """200 turns with one-token answers: delay of the request and CPU time, first ten against last ten

    Delay: from before Enter is typed into the terminal until the service had read all of the request. CPU: what all
    threads of the program use from one prompt to the next, with the echo of what is typed.
    """
    delays, costs = [], []
    with lab.repl("one_token") as repl:
        used = repl.program.cpu_time()
        for _ in range(TURNS):
            repl.type(PROMPT)
            pressed = repl.enter()
            delays.append(lab.service.wait_for_request() - pressed)
            repl.wait_for_prompt(below=True)
            before, used = used, repl.program.cpu_time()
            costs.append(used - before)
        repl.leave()
    return [*first_and_last("Enter → request at the service", delays), *first_and_last("CPU a turn", costs)]


def first_and_last(what: str, values: list[int]) -> list[Figure]:
    first, last = milliseconds(values[:BLOCK]), milliseconds(values[-BLOCK:])
    return [
        Figure(f"{what}, turns 1–{BLOCK}", "ms", first, at_most=TARGET),
        Figure(f"{what}, turns {TURNS - BLOCK + 1}–{TURNS}", "ms", last, ("first", first), TARGET),
    ]
