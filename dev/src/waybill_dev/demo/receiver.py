"""A receiver of webhooks on loopback that answers as it is told."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from waybill_dev.demo.event import Event
from waybill_dev.ports import LOOPBACK


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        return  # whoever asked has gone, as a processor that is killed does


@contextlib.contextmanager
def receiver(statuses: list[int], tell: Callable[[Event], None]) -> Generator[str]:
    """Answers these statuses in turn, the last one for ever, and tells of each request; its address."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = HTTPStatus(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.rfile.read(int(self.headers["Content-Length"]))
            tell(_answered(self.path, status))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with _Server((LOOPBACK, 0), Answering) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/hook"
        finally:
            server.shutdown()


def _answered(path: str, status: HTTPStatus) -> Event:
    text = f"POST {path} answered {status.value} {status.phrase}"
    return Event(at=time.time(), source="HTTP", what="receiver", text=text, tone="good" if status < 300 else "bad")
