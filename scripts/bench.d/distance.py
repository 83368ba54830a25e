"""A service that is far away: TLS, behind a line that takes a round trip for what a network takes one for. All of it is on
the loopback address, and nothing of the system is changed."""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import queue
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from service import Service
from trouble import Trouble

HOST = "127.0.0.1"
READ_SIZE = 1 << 16


class Distance:
    """A service at the other end of a line; a context manager."""

    def __init__(self, round_trip: float, patience: float | None = None) -> None:
        """`patience`: after so many seconds the service closes a connection on which nothing came."""
        self._folder = tempfile.TemporaryDirectory(prefix="heroku-chat-bench-tls-")
        tls = certified(pathlib.Path(self._folder.name))
        self.certificate = os.path.join(self._folder.name, "certificate.pem")
        self.service = Service(tls, patience)
        self._line = Line(self.service.port, round_trip)
        self.url = f"https://{HOST}:{self._line.port}"

    def variables(self) -> dict[str, str]:
        """What a program has to know to get there."""
        return {"INFERENCE_URL": self.url, "SSL_CERT_FILE": self.certificate}

    def __enter__(self) -> Distance:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.stop()
        self.service.stop()
        self._folder.cleanup()


def certified(folder: pathlib.Path) -> ssl.SSLContext:
    """A server with a certificate of its own."""
    if shutil.which("openssl") is None:
        raise Trouble("openssl is not installed")
    certificate, private = str(folder / "certificate.pem"), str(folder / "key.pem")
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}", "-addext", "basicConstraints=CA:FALSE"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *kind, *subject, "-keyout", private, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, private)
    return tls


class Line:
    """Passes on connections to a port, in a process of its own."""

    def __init__(self, target: int, round_trip: float) -> None:
        listener = socket.create_server((HOST, 0), backlog=64)
        self.port = listener.getsockname()[1]
        fork = multiprocessing.get_context("fork")
        self._process = fork.Process(target=pass_on, args=(listener, target, round_trip), daemon=True)
        self._process.start()
        listener.close()

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()


# From here on: the process of the line.


def pass_on(listener: socket.socket, target: int, round_trip: float) -> None:
    while True:
        near, _ = listener.accept()
        far = socket.create_connection((HOST, target))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # On loopback a connection stands at once. Elsewhere it takes a round trip, before which nothing is sent.
        carry(near, far, round_trip / 2, time.monotonic() + round_trip)
        carry(far, near, round_trip / 2, 0)


def carry(source: socket.socket, sink: socket.socket, delay: float, not_before: float) -> None:
    """Passes on one direction, and its end, each so much later, in order."""
    under_way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def take() -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(READ_SIZE)
            except OSError:
                data = b""
            under_way.put((max(time.monotonic(), not_before) + delay, data))

    def give() -> None:
        data = b"-"
        while data:
            due, data = under_way.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                sink.sendall(data) if data else sink.shutdown(socket.SHUT_WR)
            except OSError:
                break

    for work in (take, give):
        threading.Thread(target=work, daemon=True).start()
