"""The service: a chat endpoint with Heroku's framing and scripted timing, in a process of its own, so that neither its CPU
time nor Python's global lock gets into the figures.

The model of a request names the script of its answer. Times are `time.monotonic_ns`, which on Linux is one clock for all
processes. The bench hears of requests, and of when tokens were sent, through a pipe.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import re
import select
import signal
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import BinaryIO, Callable

from trouble import Trouble

WORKERS = 64
"""Connections served at once. An answer that stalls holds a worker until its client is gone."""

STEADY_TOKENS = 120
STEADY_PERIOD = 0.025
"""40 tokens a second, a usual speed of a model."""
DRIP_PERIOD = 0.020
DRIP = "drip "

LONG_TOKENS = 200_000
LONG_TOKEN_SIZE = 5
LONG_SAMPLE = """\
## A heading of a long answer

It has **bold** words, `code` and *emphasis*, as answers of models
have, and lines of the length that models like to write. Some go on for longer than a terminal is wide, with a
[link](https://devcenter.heroku.com/articles/heroku-inference) in them, so that they have to be wrapped.

- A list with an item
- and another one, with `code` in it
  1. and a **nested** one, which explains in a sentence or two what the code below does

```python
@dataclass(slots=True)
class Job:
    name: str
    tags: list[str] = field(default_factory=list)

    def fence(self, lines: list[str]) -> list[str]:
        return [f"{line.upper()!r}" for line in lines if line]  # 2 * 3
```

| column | another | `third` |
|--------|---------|--------:|
| 1      | 2       | **3**   |
| 4      | five    | 6.00    |

Then run it, and *look* at what it says:

```sh
heroku run --app my-app -- python -m job "$NAME" | tee -a log.txt
```

> A quote between two blocks of code, which says in other words that one should look before one leaps.

```js
app.get('/users/:id', async (request, response) => {
  const user = await db.one(`SELECT * FROM users WHERE id = $1`, [request.params.id]) // one
  response.json(user ?? { error: "not found" })
})
```

That is all there is to it: the rest follows from what was said above, and from the documentation.

"""
"""About a third of it is code."""


def mark(number: int) -> str:
    """A word that no other token, and nothing else on the screen, contains."""
    return f"w{number:03}"


def long_text() -> str:
    """A megabyte of Markdown."""
    size = LONG_TOKENS * LONG_TOKEN_SIZE
    return (LONG_SAMPLE * (size // len(LONG_SAMPLE) + 1))[:size]


@dataclass(frozen=True)
class Kind:
    """How a service treats connections."""

    tls: ssl.SSLContext | None
    patience: float | None
    mute: bool


class Service:
    """The running service, as the bench sees it."""

    def __init__(self, tls: ssl.SSLContext | None = None, patience: float | None = None, mute: bool = False) -> None:
        """Over TLS if there is a context for it. A connection on which nothing comes is closed after so many seconds of
        patience. A mute service says nothing, not even in a TLS handshake; what comes first is its request."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=WORKERS)
        self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._reports, theirs = multiprocessing.Pipe(duplex=False)
        fork = multiprocessing.get_context("fork")
        kind = Kind(tls, patience, mute)
        self._process = fork.Process(target=serve, args=(listener, kind, theirs, self._reports), daemon=True)
        self._process.start()
        theirs.close()
        listener.close()

    def wait_for_request(self) -> int:
        """When the next request had come in completely, in ns."""
        return self._wait_for("request")

    def wait_for_end(self) -> int:
        """When the next connection with an answer under way ended, in ns."""
        return self._wait_for("end")

    def wait_for_length(self) -> int:
        """How long the body of the next request was, in bytes."""
        return self._wait_for("length")

    def wait_for_times(self) -> list[int]:
        """When each token of a steady answer was sent, in ns."""
        return self._wait_for("times")

    def forget(self) -> None:
        """Drops reports of what was before."""
        while self._reports.poll():
            self._reports.recv()

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()

    def _wait_for(self, kind: str, seconds: float = 10):
        deadline = time.monotonic() + seconds
        while self._reports.poll(max(0, deadline - time.monotonic())):
            reported, content = self._reports.recv()
            if reported == kind:
                return content
        raise Trouble(f"the service saw no {kind} within {seconds:g} s")


# From here on: the process of the service.


def serve(listener: socket.socket, kind: Kind, reports: Connection, other_end: Connection) -> None:
    """Serves until the bench ends. Every worker waits in accept, so no thread has to start before a request is read."""
    bench = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    other_end.close()
    lock = threading.Lock()

    def report(kind: str, content: object) -> None:
        with lock:
            reports.send((kind, content))

    for _ in range(WORKERS):
        threading.Thread(target=work, args=(listener, kind, report), daemon=True).start()
    while os.getppid() == bench:
        time.sleep(1)


def work(listener: socket.socket, kind: Kind, report: Callable) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection if kind.tls is None else kind.tls.wrap_socket(connection, server_side=True) as connection:
                with connection.makefile("rb") as stream:
                    if kind.mute:
                        listen(connection, report)
                    while answer_request(connection, stream, kind.patience, report):
                        pass
        except (OSError, ValueError):
            pass  # the client went away, as it does after Ctrl-C, or said nothing for too long


def listen(connection: socket.socket, report: Callable) -> None:
    connection.recv(1)
    report("request", time.monotonic_ns())
    while connection.recv(4096):
        pass
    report("end", time.monotonic_ns())


def answer_request(connection: socket.socket, stream: BinaryIO, patience: float | None, report: Callable) -> bool:
    """Answers one request. False when there will be no other on this connection."""
    connection.settimeout(patience)
    headers = read_head(stream)
    if headers is None:
        return False
    connection.settimeout(None)
    body = read_body(stream, headers)
    if body:
        report("request", time.monotonic_ns())
        report("length", len(body))
        model = re.search(rb'"model":\s*"([^"]*)"', body)[1].decode()
        time.sleep(DELAYS.get(model, 0))
        script = SCRIPTS[model]
        script(Answer(connection, report)) if b'"stream"' in body else connection.sendall(json_response(COMPLETION))
    else:
        connection.sendall(json_response(CATALOGUE))
    return headers.get("connection") != "close"


def read_head(stream: BinaryIO) -> dict[str, str] | None:
    """The headers of a request; None at the end of the connection."""
    if not stream.readline():
        return None
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip().lower()
    return headers


def read_body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return stream.read(int(headers.get("content-length", 0)))
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


COMPLETION = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}
"""For clients that don't stream."""
CATALOGUE = [{"model_id": model, "type": ["text-to-text"], "regions": ["us"]} for model in ("one_token", "late")]


def json_response(content: object) -> bytes:
    body = json.dumps(content).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Answer:
    """A streamed answer: an event for each token, a chunk for each event."""

    def __init__(self, connection: socket.socket, report: Callable) -> None:
        self.send = connection.sendall
        self._connection = connection
        self.report = report

    def wait_for_end(self, seconds: float | None = None) -> bool:
        """Whether the client closes the connection within this time; reports when it does."""
        ended = bool(select.select([self._connection], [], [], seconds)[0])
        if ended:
            self.report("end", time.monotonic_ns())
        return ended

    def begin(self) -> None:
        self.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    def token(self, text: str) -> None:
        self.send(token_chunk(text))

    def end(self) -> None:
        self.send(END)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def message_chunk(delta: str, finish_reason: str) -> bytes:
    return chunk(
        b'event:message\ndata:{"id":"chatcmpl-184400b5f9f0c3a1","object":"chat.completion.chunk","created":1746546550,'
        b'"model":"bench","system_fingerprint":"heroku-inf-1y38gdr","choices":[{"index":0,"delta":%b,"finish_reason":%b}]}\n\n'
        % (delta.encode(), finish_reason.encode())
    )


def token_chunk(text: str) -> bytes:
    return message_chunk('{"role":"assistant","content":%s}' % json.dumps(text), "null")


END = message_chunk("{}", '"stop"') + chunk(b"event:done\ndata:[DONE]\n\n") + b"0\r\n\r\n"


@functools.lru_cache(maxsize=None)
def long_stream() -> bytes:
    """All events of the long answer, made once."""
    text = long_text()
    return b"".join(token_chunk(text[at : at + LONG_TOKEN_SIZE]) for at in range(0, len(text), LONG_TOKEN_SIZE))


# The scripts.


def one_token(answer: Answer) -> None:
    answer.begin()
    answer.token("ok")
    answer.end()


def kilobyte(answer: Answer) -> None:
    """A thousand bytes in lines, as one token."""
    answer.begin()
    answer.token(("k" * 79 + "\n") * 12 + "k" * 40)
    answer.end()


def steady(answer: Answer) -> None:
    """Marked tokens at a steady pace, ten a line; reports when each was sent."""
    times = []
    answer.begin()
    start = time.monotonic()
    for number in range(STEADY_TOKENS):
        time.sleep(max(0, start + (number + 1) * STEADY_PERIOD - time.monotonic()))
        token = token_chunk(mark(number) + ("\n" if number % 10 == 9 else " "))
        times.append(time.monotonic_ns())
        answer.send(token)
    answer.report("times", times)
    answer.end()


def drip(answer: Answer) -> None:
    """Tokens without an end."""
    answer.begin()
    answer.token(DRIP)
    while not answer.wait_for_end(DRIP_PERIOD):
        answer.token(DRIP)


def stall(answer: Answer) -> None:
    """A few tokens, then silence."""
    answer.begin()
    answer.token(DRIP * 3)
    answer.wait_for_end()


def silent(answer: Answer) -> None:
    """Not even a status line."""
    answer.wait_for_end()


def busy(answer: Answer) -> None:
    """A refusal that asks for patience."""
    body = b'{"error":{"message":"Rate limit exceeded","type":"rate_limit_error"}}'
    answer.send(
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def long(answer: Answer) -> None:
    stream = long_stream()
    answer.begin()
    answer.send(stream)
    answer.end()


SCRIPTS = {script.__name__: script for script in (one_token, kilobyte, steady, drip, stall, silent, busy, long)}
SCRIPTS["late"] = one_token
DELAYS = {"late": 0.1}
"""How many seconds the answers of a model take to begin, streamed or not."""
