"""How fast Ctrl-C gives the prompt back."""

from __future__ import annotations

import random
from dataclasses import dataclass

from figures import Figure
from lab import PROMPT, Lab, milliseconds
from repl import Repl
from service import DRIP, DRIP_PERIOD
from trouble import Trouble

ROUNDS = 20
TARGET = 50.0
PAUSE = 0.05
"""Seconds in a state before Ctrl-C, so that the program surely is in it."""


@dataclass(frozen=True)
class State:
    """Something a turn can be in the middle of."""

    name: str
    model: str
    shown: str = ""
    """Text on the screen by which the state is known."""


STATES = (
    State("before the headers", "silent"),
    State("in the stream", "drip", shown=(DRIP * 3).strip()),
    State("in a stalled stream", "stall", shown=(DRIP * 3).strip()),
    State("waiting for a retry", "busy"),
)


def interrupt(lab: Lab) -> list[Figure]:
    """time from Ctrl-C to the prompt, in four states of a turn

    From before the byte 03 is typed into the terminal until `> ` was read from it. The moment is drawn by lot over one
    period of the stream, with the same lots in every run.
    """
    return [Figure(f"Ctrl-C {state.name}", "ms", interrupt_in(lab, state), at_most=TARGET) for state in STATES]


def interrupt_in(lab: Lab, state: State) -> list[float]:
    lots = random.Random(state.model)
    with lab.repl(state.model) as repl:
        times = [one_round(lab, repl, state, PAUSE + lots.uniform(0, DRIP_PERIOD)) for _ in range(ROUNDS)]
        repl.leave()
    return milliseconds(times)


def one_round(lab: Lab, repl: Repl, state: State, pause: float) -> int:
    """From an empty prompt to an empty prompt. The time from Ctrl-C to the prompt, in ns."""
    lab.service.forget()
    repl.type(PROMPT)
    repl.enter()
    lab.service.wait_for_request()
    repl.wait_for_text(state.shown)
    repl.watch(pause)
    if repl.is_at_prompt():
        raise Trouble(f"the turn ended by itself {state.name}")
    pressed = repl.interrupt()
    took = repl.wait_for_prompt() - pressed
    repl.clear_line()
    return took
