"""What an error of asyncpg means to this service. asyncpg is imported nowhere else but beside SQL."""

import asyncpg
from waybill_runtime.database import DatabaseUnavailable, RowRefused

DatabaseFault = (*DatabaseUnavailable, asyncpg.PostgresError)
"""Any error of a statement. Those that are nobody's input are answered 503."""

_ANSWER_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
)


def is_callers_fault(error: Exception) -> bool:
    """Whether one row's values, and not the state of the database, made a statement fail."""
    return isinstance(error, RowRefused)


def may_have_committed(error: Exception) -> bool:
    """Whether a statement that failed so may have taken effect: the answer was lost, not given."""
    return isinstance(error, _ANSWER_LOST)
