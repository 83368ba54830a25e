"""How soon the service knows that nobody waits for an answer any more."""

from __future__ import annotations

from figures import Figure
from lab import PROMPT, Lab, milliseconds
from measurements.interrupt import PAUSE, ROUNDS, STATES, State
from repl import Repl
from service import Service

TARGET = 5.0

HANDSHAKE = State("in the TLS handshake", "silent")
PHASES = (HANDSHAKE, *(state for state in STATES if state.model != "busy"))
"""Behind a refusal there is no connection."""


def stop(lab: Lab) -> list[Figure]:
    """time from Ctrl-C to the end of the connection at the service, in four phases of it

    From before the byte 03 is typed into the terminal until the service saw that the connection was closed.
    """
    return [Figure(f"Ctrl-C {phase.name} → closed", "ms", stops(lab, phase), at_most=TARGET) for phase in PHASES]


def stops(lab: Lab, phase: State) -> list[float]:
    service = Service(mute=phase is HANDSHAKE)
    url = service.url.replace("http:", "https:") if phase is HANDSHAKE else service.url
    environment = {**lab.environment(phase.model), "INFERENCE_URL": url}
    try:
        # No other connection but that of the turn.
        with Repl([str(lab.binary), *lab.cold()], environment) as repl:
            times = [one_round(service, repl, phase) for _ in range(ROUNDS)]
            repl.leave()
    finally:
        service.stop()
    return milliseconds(times)


def one_round(service: Service, repl: Repl, phase: State) -> int:
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
