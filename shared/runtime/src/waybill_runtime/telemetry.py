"""Logs: one event a line, JSON for machines or coloured text for people. Events are dotted, like `task.claimed`.

As JSON, our own events go to stderr without the detour through the standard library's logging, which costs ten times
as much as the line itself; what libraries log takes it, and comes out in the same form.
"""

import json
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Literal, cast

import msgspec
import structlog
from structlog.typing import EventDict

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


def configure_logging(service: str, log_format: LogFormat, level: LogLevel) -> None:
    """Send all logs of this process, those of libraries included, to stderr in one form. Call once, at start."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _name(service),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[Any] = [_as_text] if log_format == "json" else _console_renderer()
    formatter = structlog.stdlib.ProcessorFormatter
    structlog.configure(
        processors=[*shared, _as_bytes] if log_format == "json" else [*shared, formatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=(
            structlog.BytesLoggerFactory(cast("BinaryIO", _Unfailing(sys.stderr.buffer)))
            if log_format == "json"
            else structlog.stdlib.LoggerFactory()
        ),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(foreign_pre_chain=shared, processors=[formatter.remove_processors_meta, *renderer]))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("botocore", "aiobotocore", "aiohttp", "asyncio", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _name(service: str) -> Callable[[Any, str, EventDict], EventDict]:
    """Puts the service into every event, those of threads too, which context variables do not reach."""

    def put(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return put


class _Unfailing:
    """A file that takes what it can: a full disk or a closed pipe must not end what was only to be told."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: bytes) -> None:
        """Write a line."""
        with suppress(OSError, ValueError):
            self._file.write(line)

    def flush(self) -> None:
        """Hand it to the system."""
        with suppress(OSError, ValueError):
            self._file.flush()


_encoder = msgspec.json.Encoder(enc_hook=repr)


def _as_bytes(logger: Any, method: str, event: EventDict) -> bytes:
    event = structlog.processors.format_exc_info(logger, method, event)
    try:
        return _encoder.encode(event)
    except (ValueError, TypeError):  # lone surrogates, odd keys
        return json.dumps(event, default=repr, skipkeys=True).encode()


def _as_text(logger: Any, method: str, event: EventDict) -> str:
    return _as_bytes(logger, method, event).decode()


def _console_renderer() -> list[Any]:
    # Not the default formatter: where `rich` is installed it prints local variables, and secrets with them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=plain)]


def describe(error: BaseException) -> str:
    """An error in one line, class first; for logs of faults that are expected and retried."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
