"""How long a token is under way through the program."""

from __future__ import annotations

from figures import Figure
from lab import PROMPT, Lab, alternate
from program import Program, Transcript
from service import mark

ROUNDS = 3
TARGET = 1.0


def lag(lab: Lab) -> list[Figure]:
    """time from a token's being sent to its being shown, at 40 tokens a second

    From before the service writes the token's event to its socket until the token was read from the terminal or pipe.
    All tokens of all rounds count, the first ones, too.
    """
    results = alternate(
        lab.with_curl(
            {
                "chat on a terminal": lambda: watch_chat(lab),
                "ask into a pipe": lambda: watch(lab, lab.ask("steady")),
            },
            {
                "curl on a terminal": lambda: watch(lab, lab.fetch("steady", terminal=True)),
                "curl into a pipe": lambda: watch(lab, lab.fetch("steady")),
            },
        ),
        ROUNDS,
        warm_up=0,
    )
    lags = {name: [value for values in rounds for value in values] for name, rounds in results.items()}

    def figure(ours: str, place: str) -> Figure:
        curls = lags.get(f"curl {place}")
        return Figure(f"{ours} {place}", "ms", lags[f"{ours} {place}"], ("curl", curls) if curls else None, TARGET)

    return [figure("chat", "on a terminal"), figure("ask", "into a pipe")]


def watch_chat(lab: Lab) -> list[float]:
    """A turn in the chat."""
    with lab.repl("steady") as repl:
        repl.type(PROMPT)
        repl.enter()
        repl.wait_for_prompt(below=True)
        lags = compare(lab.service.wait_for_times(), repl.program.transcript)
        repl.leave()
        return lags


def watch(lab: Lab, program: Program) -> list[float]:
    """A program that shows one answer and ends."""
    with program:
        program.finish()
        return compare(lab.service.wait_for_times(), program.transcript)


def compare(sent: list[int], transcript: Transcript) -> list[float]:
    """The lag of each token in ms."""
    return [(transcript.time_of(mark(number).encode()) - at) / 1e6 for number, at in enumerate(sent)]
