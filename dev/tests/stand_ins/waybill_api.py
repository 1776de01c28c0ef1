"""Stands in for waybill-api: answers that it is ready."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


if os.environ.get("STAND_IN_API_FAILS"):
    raise SystemExit("bad settings: WAYBILL_SOMETHING must be set")
print("api listens", flush=True)
HTTPServer(("127.0.0.1", int(os.environ["WAYBILL_API_PORT"])), Ready).serve_forever()
