"""The ASGI application: routes, error mapping, and what lives as long as it does."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar
from waybill_runtime.database import open_pool
from waybill_runtime.instances import Instance, registered

from .accept import Acceptance
from .health import Health
from .methods import options_routes
from .pages import PAGES
from .problems import problem_response
from .relay.loop import HANDED_SECONDS, open_relay
from .relay.settings import RelaySettings
from .routes import ROUTES, Services
from .settings import ApiSettings
from .store.database import Database
from .store.outbox import OutboxRow
from .store.probe import DatabaseProbe
from .store.tasks import TaskStore


def create_app(
    settings: ApiSettings, relay_settings: RelaySettings | None, instance: Instance | None = None
) -> Litestar:
    """The application. With relay settings it publishes too; without, that is for `waybill-relay`.

    It registers as `instance`, unless that is None.
    """

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            if instance is not None:
                await stack.enter_async_context(registered(settings.database_url, instance))
            services = await stack.enter_async_context(open_services(settings, relay_settings))
            app.state["services"] = services
            yield

    return Litestar(
        [*options_routes([*ROUTES, *PAGES]), *ROUTES, *PAGES],
        lifespan=[lifespan],
        exception_handlers={Exception: problem_response},
        openapi_config=None,
        logging_config=None,
    )


@asynccontextmanager
async def open_services(settings: ApiSettings, relay_settings: RelaySettings | None) -> AsyncGenerator[Services]:
    """Pool, relay and what the routes need. On the way out: waiting submits are stored, then the relay stops."""
    async with AsyncExitStack() as stack:
        hand_over, kept_seconds, degraded = _nobody, 0.0, _nothing
        if relay_settings is not None:
            relay = await stack.enter_async_context(open_relay(relay_settings))
            hand_over, kept_seconds, degraded = relay.hand_over, HANDED_SECONDS, lambda: relay.degraded
        pool = await stack.enter_async_context(
            open_pool(settings.database_url, settings.database_connections, "waybill-api")
        )
        probe = DatabaseProbe(settings.database_url)
        stack.callback(probe.close)
        tasks = TaskStore(Database(pool))
        stack.callback(pool.terminate)  # all requests have ended; a polite close would wait for a database that hangs
        acceptance = Acceptance(tasks, hand_over, kept_seconds)
        stack.push_async_callback(acceptance.drain)
        yield Services(acceptance, tasks, Health(probe, degraded))


def _nobody(_rows: Sequence[OutboxRow]) -> None:
    """No relay is in this process: the rows are due, and another one takes them."""


def _nothing() -> frozenset[str]:
    return frozenset()
