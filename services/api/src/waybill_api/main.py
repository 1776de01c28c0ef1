"""Command `waybill-api`: serve HTTP until SIGTERM or SIGINT."""

import errno
import logging
import signal
import socket

import structlog
import uvicorn
from waybill_runtime.garbage import spare_startup_objects
from waybill_runtime.instances import this_process
from waybill_runtime.settings import exit_with, load_settings_or_exit
from waybill_runtime.sqs import aws_region
from waybill_runtime.telemetry import configure_logging

from .app import create_app
from .connection import BoundedHttpProtocol
from .edge import with_request_ids
from .manifest import api_manifest
from .methods import with_head
from .relay.settings import RelaySettings
from .settings import ApiSettings

GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
"""Longer than a load balancer keeps its own side open (60 s on AWS), or it would send into a closed socket."""


def main() -> None:
    """Entry point. Exit 0 stopped, 1 the port is taken, 78 bad settings."""
    settings = load_settings_or_exit(ApiSettings)
    relay_settings = load_settings_or_exit(RelaySettings, aws_region) if settings.relay == "inside" else None
    configure_logging("api", settings.log_format, settings.log_level)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # bad bytes are answered, not reported
    listener = listen_or_exit(settings.api_host, settings.api_port)
    instance = this_process("api", api_manifest())
    server = uvicorn.Server(
        uvicorn.Config(
            with_request_ids(with_head(create_app(settings, relay_settings, instance))),
            loop="uvloop",
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    stop_on_signals(server)
    spare_startup_objects()
    host, port = listener.getsockname()[:2]
    structlog.get_logger().info("api.listening", host=host, port=port, relay=settings.relay)
    server.run(sockets=[listener])


def stop_on_signals(server: uvicorn.Server) -> None:
    """A signal before or after uvicorn's own handling stops it too; uvicorn raises those it caught again at its end."""

    def stop(_signal: int, _frame: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def listen_or_exit(host: str, port: int) -> socket.socket:
    """A listening socket; if that cannot be had, one line on stderr and exit code 1."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            exit_with(f"port {port} is in use: set WAYBILL_API_PORT or stop the other process", 1)
        exit_with(f"cannot listen on {host} port {port}: {error.strerror or error}; set WAYBILL_API_HOST", 1)
    return listener
