"""What the plugin of the Heroku CLI costs."""

from __future__ import annotations

from figures import Figure
from heroku import OUR_APP, THEIR_APP, Heroku
from lab import KEY, PROMPT, Lab, alternate, milliseconds
from program import Program
from trouble import Trouble

ROUNDS = 11
START_TARGET = 0.4
ASK_TARGET = 0.3
APP_TARGET = 0.35
MODEL = "one_token"
LATE = "late"


def plugin(lab: Lab) -> list[Figure]:
    """a question through the Heroku CLI: beside its bare start, and beside @heroku/plugin-ai

    `heroku ai:ask hi` with the config vars in the environment, and with --app, for which Heroku is asked for them; beside
    `heroku --version` without plugins and `heroku ai:models:call`, which has to ask for the config vars. `ask --app` without
    the Heroku CLI is beside a curl that makes the same two requests. Once with services that answer at once, and once with
    some that take 100 ms for each answer. Wall: from before the process is made until it was reaped. Needs Node.js and
    openssl; the CLI and the other plugin come from npm.
    """
    with Heroku(lab.binary, lab.service.url, KEY) as heroku:
        return [*asked(lab, heroku, MODEL, ""), *asked(lab, heroku, LATE, ", 100 ms a request")]


def asked(lab: Lab, heroku: Heroku, model: str, how: str) -> list[Figure]:
    """The figures with one speed of the services."""
    heroku.answer_with(model)
    ours = lab.environment(model)
    without = {name: value for name, value in ours.items() if not name.startswith("INFERENCE_")}

    def wall(program: list, environment: dict[str, str], expected: str) -> int:
        lab.service.forget()
        with Program(program, environment, terminal=False) as program:
            took = program.finish().wall
            if expected not in program.transcript.data.decode():
                raise Trouble(f"{program} printed {program.transcript.data.decode()!r}")
            return took

    def cli(data, arguments: list[str], environment: dict[str, str], expected: str) -> int:
        environment = heroku.environment(environment, data)
        if data is heroku.theirs:
            environment = heroku.behind_proxy(environment)
        return wall([heroku.cli, *arguments], environment, expected)

    call = ["ai:models:call", "INFERENCE", "--app", THEIR_APP, "--prompt", PROMPT]
    ask = ["ask", "--app", OUR_APP, PROMPT]
    plain = heroku.environment(without, heroku.plain)
    two_requests = [*lab.fetch_command(model), "--next", "-s", *heroku.variables_request()]
    took = alternate(
        {
            "ask": lambda: cli(heroku.ours, ["ai:ask", PROMPT], ours, "ok\n"),
            "ask --app": lambda: cli(heroku.ours, ["ai:" + ask[0], *ask[1:]], without, "ok\n"),
            "version": lambda: cli(heroku.plain, ["--version"], without, "heroku/"),
            "call": lambda: cli(heroku.theirs, call, without, "ok\n"),
        }
        | lab.with_curl(
            {"plain": lambda: wall([str(lab.binary), *ask], plain, "ok\n")},
            {"curl": lambda: wall(two_requests, plain, "INFERENCE_URL")},
        ),
        ROUNDS,
    )
    times = {name: milliseconds(values) for name, values in took.items()}
    version, call = ("heroku --version", times["version"]), ("ai:models:call", times["call"])
    curl = ("curl of both", times["curl"]) if "curl" in times else None
    first = [Figure("heroku ai:ask", "ms", times["ask"], version, ratio_at_most=START_TARGET)] if not how else []
    return [
        *first,
        Figure(f"heroku ai:ask{how}", "ms", times["ask"], call, ratio_at_most=ASK_TARGET if not how else None),
        Figure(f"heroku ai:ask --app{how}", "ms", times["ask --app"], call, ratio_at_most=APP_TARGET),
        Figure(f"heroku-chat ask --app{how}", "ms", times["plain"], curl),
    ]
