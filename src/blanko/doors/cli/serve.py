"""``./blanko serve``: the pages and the API at a loopback address, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import time

from blanko.engines.runout.simulate import warm
from blanko.kernel.errors import BlankoError
from blanko.ready import start_jobs

HOST = "127.0.0.1"
THREADS = 4


class PortTaken(BlankoError):
    """Another program listens there already."""


def check_port(port: int) -> None:
    """Raise PortTaken when the port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise PortTaken("port {port} is taken", mend="end the other program or use --port", port=port) from None


def run(port: int, *, nightly: time | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; 0 after it. ``nightly``: when to do each night's work (Jakarta)."""
    import waitress

    from blanko.wsgi import application

    check_port(port)
    # SIGTERM ends it as Ctrl-C does, so that the embedded server is let go in the same way.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    # Beside the first page: whoever asks for the plan next does not wait for a compiler.
    threading.Thread(target=warm, daemon=True).start()
    if nightly is not None:
        start_jobs(nightly=nightly)
    print(f"\nOpen http://{HOST}:{port}   (Ctrl-C ends it)", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):
        waitress.serve(application, host=HOST, port=port, threads=THREADS, ident="blanko", _quiet=True)
    print("blanko: ended", file=sys.stderr)
    return 0


def main(argv: list[str]) -> int:
    """Serve what the database holds."""
    parser = argparse.ArgumentParser(prog="blanko serve", description="Example: ./blanko serve --port 8000")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--nightly", type=time.fromisoformat, metavar="HH:MM",
        help="do each night's work (./blanko nightly) at this hour of Jakarta, in this program",
    )  # fmt: skip
    given = parser.parse_args(argv)
    return run(given.port, nightly=given.nightly)
