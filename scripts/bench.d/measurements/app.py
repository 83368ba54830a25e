"""How long the verdict about an app takes."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from figures import Figure
from heroku import SCRIPTS, run
from lab import Lab, alternate, milliseconds
from measurements.why import line
from program import Program
from trouble import Trouble

ROUNDS = 11
DELAY = 0.1
"""Seconds before each answer."""
TOKEN = "HRKU-bench"
TARGETS = {"with a token": 600.0, "by heroku auth:token": 1800.0}


def app(lab: Lab) -> list[Figure]:
    """from Enter to the verdict about an app, each answer of the Platform API after 100 ms

    Nine requests: app, releases, dynos, formation, add-ons, config vars, Heroku's status, and a log of 1,500 lines by a
    session. With the token in HEROKU_API_KEY, and without: then the Heroku CLI is started once, which is logged in by netrc
    in a place where it alone looks. Wall: from before the process is made until it was reaped. Needs Node.js; the CLI comes
    from npm.
    """
    with PlatformApi() as platform:
        cli = pathlib.Path(run([SCRIPTS / "heroku-cli"]))

        def judge(by_cli: bool) -> int:
            environment = platform.environment(lab.environment("one_token"), cli, by_cli)
            with Program([str(lab.binary), "why", "-a", "shop"], environment, terminal=False) as program:
                took = program.finish().wall
                if not program.transcript.data.decode().startswith("✓ no rule finds anything wrong"):
                    raise Trouble(f"why printed {program.transcript.data.decode()!r}")
                return took

        ways = {"with a token": lambda: judge(False), "by heroku auth:token": lambda: judge(True)}
        took = alternate(ways, ROUNDS)
    return [Figure(f"why: verdict {way}", "ms", milliseconds(took[way]), at_most=TARGETS[way]) for way in ways]


class Server(ThreadingHTTPServer):
    request_queue_size = 64
    """Of the usual five, some of eight connections at once would be tried again after a second."""


class PlatformApi:
    """In a process of its own."""

    def __enter__(self) -> PlatformApi:
        server = Server(("127.0.0.1", 0), handler())
        self.url = f"http://127.0.0.1:{server.server_port}"
        self._process = multiprocessing.get_context("fork").Process(target=serve, args=(server,), daemon=True)
        self._process.start()
        server.server_close()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    def environment(self, base: dict[str, str], cli: pathlib.Path, by_cli: bool) -> dict[str, str]:
        environment = {
            **base,
            "PATH": f"{cli.parent}:{os.path.dirname(shutil.which('node') or '')}:{os.defpath}",
            "HEROKU_HOST": self.url,
            "HEROKU_STATUS_HOST": self.url,
            "DISABLE_TELEMETRY": "true",
            "HEROKU_DISABLE_AUTOUPDATE": "1",
            "HEROKU_SKIP_NEW_VERSION_CHECK": "1",
        }
        if not by_cli:
            return {**environment, "HEROKU_API_KEY": TOKEN}
        home = pathlib.Path(base["HOME"])
        netrc = home / ".netrc"
        netrc.write_text(f"machine {self.url.removeprefix('http://')}\n  login dev@example.com\n  password {TOKEN}\n")
        netrc.chmod(0o600)
        login = home / ".local/share/heroku/login.json"  # with it, we leave netrc to the CLI
        login.parent.mkdir(parents=True)
        login.write_text(json.dumps({"account": "dev@example.com"}))
        return environment


# From here on: the process of the stand-in.


def serve(server: ThreadingHTTPServer) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server.serve_forever()


def handler() -> type[BaseHTTPRequestHandler]:
    log = "".join(map(line, range(1500)))
    web = {"type": "web", "state": "up", "quantity": 2, "size": "Basic"}
    named = {"name": "heroku-24"}
    answers = {
        "/apps/shop": {"name": "shop", "maintenance": False, "stack": named, "region": named, "generation": {"name": "cedar"}},
        "/apps/shop/releases": [],
        "/apps/shop/dynos": [web, web],
        "/apps/shop/formation": [web],
        "/apps/shop/addons": [],
        "/apps/shop/config-vars": {"DATABASE_PASSWORD": "tidemarble204x"},
        "/api/v4/current-status": {"status": [], "incidents": [], "scheduled": []},
        "/account": {"email": "dev@example.com"},
        "/oauth/authorizations": [],
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            time.sleep(DELAY)
            if self.path == "/log":
                return self.answer(200, log)
            if self.path == "/apps/shop/log-sessions":
                return self.answer(201, json.dumps({"logplex_url": f"http://{self.headers['host']}/log"}))
            found = answers.get(self.path)
            self.answer(404 if found is None else 200, json.dumps(found if found is not None else {"id": "not_found"}))

        do_POST = do_GET

        def answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if self.path == "/log" else "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler
