"""Logs: one event a line, JSON for machines or coloured text for people. Events are dotted, like `task.claimed`."""

import logging
import sys
from collections.abc import Callable
from typing import Any, Literal

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
    renderer = _json_renderer() if log_format == "json" else _console_renderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("botocore", "aiobotocore", "aiohttp", "asyncio", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _name(service: str) -> Callable[[Any, str, EventDict], EventDict]:
    """Puts the service into every event, those of threads too, which context variables do not reach."""

    def put(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return put


def _json_renderer() -> list[Any]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _console_renderer() -> list[Any]:
    # Not the default formatter: where `rich` is installed it prints local variables, and secrets with them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=plain)]


def describe(error: BaseException) -> str:
    """An error in one line, class first; for logs of faults that are expected and retried."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
