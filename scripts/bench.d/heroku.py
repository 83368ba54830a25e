"""The real Heroku CLI with a plugin each, and stand-ins for what they talk to: Heroku's Platform API, and a proxy.

@heroku/plugin-ai can talk to a service by https at port 443 only. So the proxy it is given ends TLS itself, and the service
behind it is the one everybody else talks to, too.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from service import DELAYS
from trouble import Trouble

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
PIN = pathlib.Path(__file__).resolve().parent / "plugin-ai"

HOST = "inference.test"
"""Exists for the proxy alone."""
OUR_APP, THEIR_APP = "ours", "theirs"


class Heroku:
    """The CLI, without plugins, with ours, and with @heroku/plugin-ai. A context manager."""

    def __init__(self, binary: pathlib.Path, service_url: str, key: str) -> None:
        self.cli = run([SCRIPTS / "heroku-cli"])
        self._folder = tempfile.TemporaryDirectory(prefix="heroku-chat-bench-plugin-")
        folder = pathlib.Path(self._folder.name)
        self.plain, self.ours = folder / "plain", folder / "ours"
        self.theirs = plugin_ai()
        bundle = run([SCRIPTS / "package", "--binary", binary, folder / "packages"]).splitlines()[-1]
        self._stand_ins = StandIns(folder, service_url, key)
        run([self.cli, "plugins:install", f"file:{bundle}"], self.environment({"HOME": str(folder)}, self.ours))

    def environment(self, base: dict[str, str], data: pathlib.Path) -> dict[str, str]:
        """All that the CLI sees. Nothing of it goes to the internet or outlives the command."""
        node = os.path.dirname(shutil.which("node") or "")
        return {
            **base,
            "PATH": f"{node}:{os.defpath}",
            "XDG_DATA_HOME": str(data),
            "HEROKU_API_KEY": "bench",
            "HEROKU_HOST": self._stand_ins.platform_url,
            "HEROKU_INFERENCE_HOST": HOST,
            "DISABLE_TELEMETRY": "true",
            "HEROKU_DISABLE_AUTOUPDATE": "1",
            "HEROKU_SKIP_NEW_VERSION_CHECK": "1",
        }

    def behind_proxy(self, environment: dict[str, str]) -> dict[str, str]:
        proxy, certificate = self._stand_ins.proxy_url, self._stand_ins.certificate
        return {**environment, "HTTPS_PROXY": proxy, "SSL_CERT_FILE": certificate, "NODE_EXTRA_CA_CERTS": certificate}

    def variables_request(self) -> list[str]:
        """What asks for our app's config vars, for curl."""
        return [f"{self._stand_ins.platform_url}/apps/{OUR_APP}/config-vars", "-H", "Authorization: Bearer bench"]

    def answer_with(self, model: str) -> None:
        """From now on the apps have this model, and the Platform API takes as long as it for each answer."""
        self._stand_ins.delay.value = DELAYS.get(model, 0)

    def __enter__(self) -> Heroku:
        return self

    def __exit__(self, *_: object) -> None:
        self._stand_ins.stop()
        self._folder.cleanup()


def run(arguments: list, environment: dict[str, str] | None = None) -> str:
    """What a program prints."""
    done = subprocess.run(arguments, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"{arguments[0]} ended with status {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


def plugin_ai() -> pathlib.Path:
    """A data folder of the CLI with @heroku/plugin-ai in the pinned version: in the cache, named after its lock file."""
    name = hashlib.sha256((PIN / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "heroku-chat"
    home = cache / f"plugin-ai-{name}"
    if not home.exists():
        partial = pathlib.Path(tempfile.mkdtemp(prefix="plugin-ai-", dir=cache))
        shutil.copytree(PIN, partial / "heroku")
        quiet = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
        run(["npm", "ci", "--prefix", partial / "heroku", *quiet])
        partial.rename(home)
    return home


class StandIns:
    """Platform API and proxy, in a process of their own."""

    def __init__(self, folder: pathlib.Path, service_url: str, key: str) -> None:
        self.certificate = str(folder / "certificate.pem")
        private = str(folder / "key.pem")
        subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        run(["openssl", "req", "-x509", *kind, *subject, "-keyout", private, "-out", self.certificate])
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate, private)

        self.delay = multiprocessing.Value("d", 0)
        platform = ThreadingHTTPServer(("127.0.0.1", 0), platform_api(service_url, key, self.delay))
        proxy = socket.create_server(("127.0.0.1", 0))
        self.platform_url = f"http://127.0.0.1:{platform.server_port}"
        self.proxy_url = "http://127.0.0.1:{}".format(proxy.getsockname()[1])
        fork = multiprocessing.get_context("fork")
        self._process = fork.Process(target=serve, args=(platform, proxy, tls, service_url), daemon=True)
        self._process.start()
        platform.server_close()
        proxy.close()

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()


# From here on: the process of the stand-ins.


def serve(platform: ThreadingHTTPServer, proxy: socket.socket, tls: ssl.SSLContext, service_url: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=platform.serve_forever, daemon=True).start()
    host, port = service_url.removeprefix("http://").split(":")
    while True:
        connection, _ = proxy.accept()
        threading.Thread(target=tunnel, args=(connection, tls, (host, int(port))), daemon=True).start()


def tunnel(connection: socket.socket, tls: ssl.SSLContext, service: tuple[str, int]) -> None:
    """Answers CONNECT, ends TLS, and carries what is inside to the service."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(4096) or b"\r\n\r\n"
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        inside, outside = tls.wrap_socket(connection, server_side=True), socket.create_connection(service)
        threading.Thread(target=carry, args=(outside, inside), daemon=True).start()
        carry(inside, outside)
    except OSError:
        pass  # the client went away


def carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def platform_api(service_url: str, key: str, delay) -> type[BaseHTTPRequestHandler]:
    """Two apps with the add-on; of one, the service is behind the proxy. Each answer takes so many seconds."""
    addon = {
        "id": "addon-1",
        "name": "inference-bench",
        "app": {"id": THEIR_APP, "name": THEIR_APP},
        "addon_service": {"name": "heroku-inference"},
        "plan": {"name": "heroku-inference:one_token"},
    }
    attachment = {"id": "attachment-1", "name": "INFERENCE", "app": addon["app"], "addon": addon}
    variables = {"INFERENCE_KEY": key}
    answers = {
        "/actions/addons/resolve": [addon],
        "/actions/addon-attachments/resolve": [attachment],
        f"/apps/{OUR_APP}/config-vars": {**variables, "INFERENCE_URL": service_url},
        f"/apps/{THEIR_APP}/config-vars": {**variables, "INFERENCE_URL": f"https://{HOST}"},
    }

    class PlatformApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            content = answers.get(self.path)
            time.sleep(delay.value)
            if self.path.endswith("/config-vars"):
                content = {**content, "INFERENCE_MODEL_ID": "late" if delay.value else "one_token"}
            body = json.dumps(content if content is not None else {"id": "not_found", "message": "?"}).encode()
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return PlatformApi
