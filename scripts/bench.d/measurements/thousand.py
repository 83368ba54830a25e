"""What a turn costs at the end of a very long conversation, beside what its payload alone costs."""

from __future__ import annotations

import pathlib

from figures import Figure
from lab import PROMPT, Lab, milliseconds
from repl import Repl

TURNS = 1000
BLOCK = 10
TARGET = 1.5
"""For the ratios."""
FILES = 2
"""The payload of the comparison is made of so many files: one may have a megabyte."""


def thousand(lab: Lab) -> list[Figure]:
    """1,000 turns with answers of 1 kB: CPU time and saved bytes of the last ten

    CPU: what all threads of the program use from one prompt to the next. Beside it the same for a conversation of one
    turn that is not saved, with files that make the request as long. Saved bytes: by how much the file of the
    conversation grows in ten turns, beside by how much the request does.
    """
    costs, lengths, sizes = [], [], []
    with lab.repl("kilobyte") as repl:
        folder = pathlib.Path(repl.home, ".local/share/heroku-chat/sessions")
        for _ in range(TURNS):
            costs.append(turn(repl))
            lengths.append(lab.service.wait_for_length())
            sizes.append(sum(file.stat().st_size for file in folder.iterdir()))
        repl.leave()
    alone = payload_alone(lab, lengths[-1])
    first, last = milliseconds(costs[:BLOCK]), milliseconds(costs[-BLOCK:])
    saved, sent = [last_block(sizes) / 1e3], [last_block(lengths) / 1e3]
    return [
        Figure(f"CPU a turn, turns 1–{BLOCK}", "ms", first),
        Figure(f"CPU a turn, turns {TURNS - BLOCK + 1}–{TURNS}", "ms", last, ("payload", milliseconds(alone)), ratio_at_most=TARGET),
        Figure(f"saved in turns {TURNS - BLOCK + 1}–{TURNS}", "kB", saved, ("request grew", sent), ratio_at_most=TARGET),
    ]


def turn(repl: Repl) -> int:
    """CPU time of a turn, in ns."""
    before = repl.program.cpu_time()
    repl.type(PROMPT)
    repl.enter()
    repl.wait_for_prompt(below=True)
    return repl.program.cpu_time() - before


def payload_alone(lab: Lab, length: int) -> list[int]:
    """CPU times of turns whose requests are as long, in conversations of one turn."""
    costs = []
    with lab.repl("kilobyte", "--no-save") as repl:
        names = []
        for number in range(FILES):
            names.append(f"payload-{number}.txt")
            # Every line end takes two bytes in a request.
            pathlib.Path(names[-1]).write_text(("x" * 79 + "\n") * (length // FILES // 81))
        for _ in range(BLOCK):
            for command in ("/clear", f"/file {' '.join(names)}"):
                repl.command(command)
            costs.append(turn(repl))
            lab.service.forget()
        repl.leave()
    return costs


def last_block(values: list[int]) -> int:
    """How much they grew over the last turns."""
    return values[-1] - values[-1 - BLOCK]
