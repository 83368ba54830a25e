"""What one question from a script costs."""

from __future__ import annotations

from dataclasses import dataclass

from figures import Figure
from lab import Lab, alternate, milliseconds
from program import Ended, Program

ROUNDS = 40
WALL_TARGET = 4.0
REQUEST_TARGET = 3.0


@dataclass(frozen=True)
class Shot:
    ended: Ended
    to_request: int


def oneshot(lab: Lab) -> list[Figure]:
    """a question with a one-token answer: wall time, CPU time, time to the request

    `ask hi` into a pipe, over http, every time a new process. Wall: from before the process is made until it was
    reaped. CPU: its user and system time. Request: from before the process is made until the service had read all of
    the request.
    """
    shots = alternate(
        lab.with_curl(
            {"ask": lambda: shoot(lab, lab.ask("one_token"))}, {"curl": lambda: shoot(lab, lab.fetch("one_token"))}
        ),
        ROUNDS,
    )

    def figure(what: str, value, at_most: float | None = None) -> Figure:
        ours = milliseconds([value(shot) for shot in shots["ask"]])
        curls = milliseconds([value(shot) for shot in shots.get("curl", [])])
        return Figure(what, "ms", ours, ("curl", curls) if curls else None, at_most)

    return [
        figure("ask: wall", lambda shot: shot.ended.wall, WALL_TARGET),
        figure("ask: CPU", lambda shot: shot.ended.cpu),
        figure("ask: start → request at the service", lambda shot: shot.to_request, REQUEST_TARGET),
    ]


def shoot(lab: Lab, program: Program) -> Shot:
    with program:
        ended = program.finish()
        return Shot(ended, lab.service.wait_for_request() - program.started)
