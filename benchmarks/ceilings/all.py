"""The ceilings, by the name that the results give them."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from ..measure.sizes import Sizes
from ..systems.system import Bench
from .http import measure_http
from .postgres import measure_postgres
from .queue import measure_queue

Measure = Callable[[Bench, Sizes], Awaitable[Mapping[str, object]]]

CEILINGS: dict[str, Measure] = {
    "http_no_database": partial(measure_http, how="no_database"),
    "http_bare": partial(measure_http, how="bare"),
    "postgres": measure_postgres,
    "queue": measure_queue,
}
