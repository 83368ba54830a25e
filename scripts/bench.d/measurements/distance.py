"""What a turn waits for when the service is far away."""

from __future__ import annotations

from distance import Distance
from figures import Figure
from lab import Lab, alternate, milliseconds
from repl import Repl

ROUND_TRIP = 0.08
TARGET = ROUND_TRIP / 2 * 1000 * 1.1
"""In ms: half a round trip and a tenth."""
ROUNDS = 10
PROMPT = "hello"
KEY_PERIOD = 0.1
"""Seconds from key to key: the prompt takes half a second."""
PATIENCE = 5.0
"""Seconds after which an impatient service closes a connection on which nothing came."""
PAUSES = (0.0, 8.0, 70.0)
"""Seconds between an answer and the first key of the next prompt: in none of them, while the connection that was made behind
the answer waits; behind the impatient service's patience; behind what a connection waits at all."""


def distance(lab: Lab) -> list[Figure]:
    """time from Enter to the request's arrival, over TLS and a line with a round trip of 80 ms

    From before Enter is typed until the service had read all of the request. The prompt is typed in half a second; the
    connection is made meanwhile, and beside it when the prompt is sent. Behind an answer the next prompt is typed at once or
    after a pause; the impatient service closes a connection on which nothing came for 5 s.
    """
    with Distance(ROUND_TRIP) as far, Distance(ROUND_TRIP, PATIENCE) as impatient:
        firsts = alternate({"warm": lambda: first(lab, far), "cold": lambda: first(lab, far, *lab.cold())}, ROUNDS)
        figures = [figure("turn 1", firsts["warm"], firsts["cold"])]
        for name, there in (("", far), (", impatient", impatient)):
            warm, cold = nexts(lab, there), nexts(lab, there, *lab.cold(), pauses=PAUSES[:1])
            figures += [figure(f"after {pause:g} s{name}", warm[pause], cold[PAUSES[0]]) for pause in PAUSES]
    return figures


def figure(when: str, warm: list[int], cold: list[int]) -> Figure:
    return Figure(f"Enter → request, {when}", "ms", milliseconds(warm), ("cold", milliseconds(cold)), at_most=TARGET)


def start(lab: Lab, far: Distance, *flags: str) -> Repl:
    return Repl([str(lab.binary), *flags], {**lab.environment("one_token"), **far.variables()})


def first(lab: Lab, far: Distance, *flags: str) -> int:
    """The delay of the first turn of a chat, in ns."""
    with start(lab, far, *flags) as repl:
        took = turn(repl, far)
        repl.leave()
        return took


def nexts(lab: Lab, far: Distance, *flags: str, pauses: tuple[float, ...] = PAUSES) -> dict[float, list[int]]:
    """The delays of turns behind others, by the pause before them, in ns."""
    delays = {}
    with start(lab, far, *flags) as repl:
        turn(repl, far)
        for pause in pauses:
            rounds = ROUNDS if pause == 0 else 3 if pause < 30 else 1
            delays[pause] = [delayed(repl, far, pause) for _ in range(rounds)]
        repl.leave()
    return delays


def delayed(repl: Repl, far: Distance, pause: float) -> int:
    repl.watch(pause)
    return turn(repl, far)


def turn(repl: Repl, far: Distance) -> int:
    """Types a prompt as somebody does, and sends it. The time from Enter to the request at the service, in ns."""
    far.service.forget()
    for key in PROMPT:
        repl.program.write(key.encode())
        repl.watch(KEY_PERIOD)
    pressed = repl.enter()
    took = far.service.wait_for_request() - pressed
    repl.wait_for_prompt(below=True)
    return took
