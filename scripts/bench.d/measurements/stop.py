"""How soon the service knows that nobody waits for an answer any more."""

from __future__ import annotations

from dataclasses import dataclass

from figures import Figure
from lab import PROMPT, Lab, milliseconds
from repl import Repl
from service import DRIP, Service

ROUNDS = 20
TARGET = 5.0
PAUSE = 0.05
"""Seconds in a phase before Ctrl-C, so that the program surely is in it."""


@dataclass(frozen=True)
class Phase:
    """Something a connection can be in the middle of."""

    name: str
    model: str
    shown: str = ""
    """Text on the screen by which the phase is known."""
    is_handshake: bool = False


PHASES = (
    Phase("in the TLS handshake", "silent", is_handshake=True),
    Phase("before the head", "silent"),
    Phase("in the stream", "drip", shown=(DRIP * 3).strip()),
    Phase("in a stalled stream", "stall", shown=(DRIP * 3).strip()),
)


def stop(lab: Lab) -> list[Figure]:
    """time from Ctrl-C to the end of the connection at the service, in four phases of it

    From before the byte 03 is typed into the terminal until the service saw that the connection was closed.
    """
    return [Figure(f"Ctrl-C {phase.name} → closed", "ms", stops(lab, phase), at_most=TARGET) for phase in PHASES]


def stops(lab: Lab, phase: Phase) -> list[float]:
    service = Service(mute=phase.is_handshake)
    url = service.url.replace("http:", "https:") if phase.is_handshake else service.url
    environment = {**lab.environment(phase.model), "INFERENCE_URL": url}
    try:
        # No other connection but that of the turn.
        with Repl([str(lab.binary), *lab.cold()], environment) as repl:
            times = [one_round(service, repl, phase) for _ in range(ROUNDS)]
            repl.leave()
    finally:
        service.stop()
    return milliseconds(times)


def one_round(service: Service, repl: Repl, phase: Phase) -> int:
    """From an empty prompt to an empty prompt. The time from Ctrl-C to the end of the connection, in ns."""
    service.forget()
    repl.type(PROMPT)
    repl.enter()
    service.wait_for_request()
    repl.wait_for_text(phase.shown)
    repl.watch(PAUSE)
    pressed = repl.interrupt()
    took = service.wait_for_end() - pressed
    repl.wait_for_prompt()
    repl.clear_line()
    return took
