"""How long somebody waits for the prompt."""

from __future__ import annotations

import shutil

from figures import Figure
from lab import Lab, alternate, milliseconds
from program import Program

STARTS = 40
TARGET = 20.0


def start(lab: Lab) -> list[Figure]:
    """time from starting the chat on a terminal to its prompt

    From before the process is made until `> ` was read from the terminal; beside it `true`, from before it is made
    until it was reaped: what the machine takes for any process.
    """
    environment = lab.environment("one_token")

    def chat() -> int:
        with lab.repl("one_token") as repl:
            took = repl.ready - repl.program.started
            repl.leave()
            return took

    def true() -> int:
        with Program([shutil.which("true")], environment, terminal=True) as program:
            return program.finish().wall

    took = alternate({"chat": chat, "true": true}, STARTS)
    return [
        Figure("start → prompt", "ms", milliseconds(took["chat"]), ("true", milliseconds(took["true"])), at_most=TARGET)
    ]
