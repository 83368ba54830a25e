"""What the plugin of the Heroku CLI costs."""

from __future__ import annotations

from figures import Figure
from heroku import OUR_APP, THEIR_APP, Heroku
from lab import KEY, PROMPT, Lab, alternate, milliseconds
from program import Program
from trouble import Trouble

ROUNDS = 10
START_TARGET = 0.4
ASK_TARGET = 0.3
MODEL = "one_token"


def plugin(lab: Lab) -> list[Figure]:
    """a question through the Heroku CLI: beside its bare start, and beside @heroku/plugin-ai

    `heroku ai:ask hi` with the config vars in the environment, and with --app, for which the CLI is started a second time;
    beside `heroku --version` without plugins and `heroku ai:models:call`, which has to ask for the config vars. Wall: from
    before the process is made until it was reaped. Needs Node.js and openssl; the CLI and the other plugin come from npm.
    """
    with Heroku(lab.binary, lab.service.url, KEY) as heroku:
        without = {name: value for name, value in lab.environment(MODEL).items() if not name.startswith("INFERENCE_")}

        def wall(data, arguments: list[str], environment: dict[str, str], expected: str) -> int:
            lab.service.forget()
            environment = heroku.environment({**environment, "HOME": lab.environment(MODEL)["HOME"]}, data)
            if data is heroku.theirs:
                environment = heroku.behind_proxy(environment)
            with Program([heroku.cli, *arguments], environment, terminal=False) as program:
                took = program.finish().wall
                if not program.transcript.data.decode().startswith(expected):
                    raise Trouble(f"{arguments[0]} printed {program.transcript.data.decode()!r}")
                return took

        call = ["ai:models:call", "INFERENCE", "--app", THEIR_APP, "--prompt", PROMPT]
        took = alternate(
            {
                "ask": lambda: wall(heroku.ours, ["ai:ask", PROMPT], lab.environment(MODEL), "ok\n"),
                "ask --app": lambda: wall(heroku.ours, ["ai:ask", "--app", OUR_APP, PROMPT], without, "ok\n"),
                "version": lambda: wall(heroku.plain, ["--version"], without, "heroku/"),
                "call": lambda: wall(heroku.theirs, call, without, "ok\n"),
            },
            ROUNDS,
        )
    times = {name: milliseconds(values) for name, values in took.items()}
    version, call = ("heroku --version", times["version"]), ("ai:models:call", times["call"])
    return [
        Figure("heroku ai:ask", "ms", times["ask"], version, ratio_at_most=START_TARGET),
        Figure("heroku ai:ask", "ms", times["ask"], call, ratio_at_most=ASK_TARGET),
        Figure("heroku ai:ask --app", "ms", times["ask --app"], call),
    ]
