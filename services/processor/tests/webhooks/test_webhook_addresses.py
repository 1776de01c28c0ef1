"""Where webhooks may not go: judged by the address that is connected to, however the URL spells it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop
from aiohttp import TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult
from waybill_contracts.kinds.webhook_deliver_v2 import DeliverWebhookV2
from waybill_processor.context import TaskContext
from waybill_processor.errors import Permanent
from waybill_processor.handlers import webhook_sender
from waybill_processor.handlers.webhook_addresses import guarded_connector, is_public
from waybill_processor.handlers.webhook_client import WebhookClient
from waybill_processor.handlers.webhook_deliver import WebhookSender
from waybill_processor.handlers.webhook_signing import WebhookSigner

REFUSED_HOSTS = [
    "127.0.0.1", "127.0.0.1.", "127.1", "127.255.255.254", "localhost", "LOCALHOST", "0", "0.0.0.0",
    "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "①②⑦.⓪.⓪.①", "127。0。0。1",
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254", "2852039166",
    "0xa9fea9fe", "0251.0376.0251.0376", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255",
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
    "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]", "[2001:0:5ef5:79fb::1]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]",
    "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[5f00::1]",
]  # fmt: skip


Listener = Callable[..., Awaitable[tuple[int, list[str]]]]
Post = Callable[[WebhookSender, str], Awaitable[int]]


class Answers(AbstractResolver):
    """A name server that gives the next of its answers to each question, and the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in answer
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """Starts a receiver on a loopback address; answers its port and the list of who connected."""
    runners: list[web.AppRunner] = []

    async def start(address: str, port: int = 0) -> tuple[int, list[str]]:
        seen: list[str] = []

        async def take(request: web.Request) -> web.Response:
            seen.append(request.host)
            return web.Response(headers={"connection": "close"})

        app = web.Application()
        app.router.add_post("/", take)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        site = web.TCPSite(runners[-1], address, port)
        await site.start()
        return runners[-1].addresses[0][1], seen

    yield start
    for runner in runners:
        await runner.cleanup()


def only_first_loopback(address: str) -> bool:
    """Stands in for the real rule: 127.0.0.1 plays the internet, 127.0.0.2 the private network."""
    return address == "127.0.0.1"


def sender(connector: TCPConnector) -> WebhookSender:
    return WebhookSender(WebhookSigner(""), lambda: WebhookClient(connector))


@pytest.fixture
def post(attempt: TaskContext) -> Post:
    """Delivers an empty webhook; answers the status code."""

    async def deliver(webhooks: WebhookSender, url: str) -> int:
        return (await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)).status_code

    return deliver


@pytest.mark.parametrize("host", REFUSED_HOSTS)
async def test_a_private_address_is_refused_for_good_however_it_is_spelled(
    host: str, listener: Listener, post: Post
) -> None:
    port, seen = await listener("127.0.0.1")
    async with webhook_sender("", allow_private=False) as webhooks:
        with pytest.raises(Permanent):
            await post(webhooks, f"http://{host}:{port}/")
    assert seen == []


@pytest.mark.parametrize("host", REFUSED_HOSTS)
def test_the_event_loop_of_production_refuses_the_same(host: str, post: Post) -> None:
    async def try_it() -> None:
        async with webhook_sender("", allow_private=False) as webhooks:
            with pytest.raises(Permanent):
                await post(webhooks, f"https://{host}/")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(try_it())


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "223.255.255.255",
     "2606:4700::1111", "2a00:1450::1", "2001:200::1", "64:ff9b::808:808"],
)  # fmt: skip
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "example.com", "127.1", "0177.0.0.1", "2130706433", "::ffff:8.8.8.8", "1.2.3.4 "])
def test_what_is_no_plain_address_is_not_public(text: str) -> None:
    assert not is_public(text)


async def test_private_addresses_are_reached_when_settings_allow_it(listener: Listener, post: Post) -> None:
    port, seen = await listener("127.0.0.1")
    async with webhook_sender("", allow_private=True) as webhooks:
        assert await post(webhooks, f"http://localhost:{port}/") == 200
    assert seen == [f"localhost:{port}"]


async def test_a_name_that_changes_its_answer_is_never_followed_to_the_private_address(
    listener: Listener, post: Post
) -> None:
    port, public = await listener("127.0.0.1")
    _, private = await listener("127.0.0.2", port)
    url = f"http://rebinding.example:{port}/"
    connector = guarded_connector(only_first_loopback, Answers(["127.0.0.1"], ["127.0.0.2"]))
    async with sender(connector) as webhooks:
        assert await post(webhooks, url) == 200
        connector.clear_dns_cache()  # as if its seconds had passed
        with pytest.raises(Permanent, match=r"127\.0\.0\.2 is not a public address"):
            await post(webhooks, url)
    assert (len(public), private) == (1, [])


async def test_a_name_with_one_private_address_among_its_addresses_is_refused(listener: Listener, post: Post) -> None:
    port, public = await listener("127.0.0.1")
    async with sender(guarded_connector(only_first_loopback, Answers(["127.0.0.1", "127.0.0.2"]))) as webhooks:
        with pytest.raises(Permanent, match=r"127\.0\.0\.2 is not a public address"):
            await post(webhooks, f"http://mixed.example:{port}/")
    assert public == []


async def test_the_socket_refuses_what_a_resolver_lets_pass(listener: Listener, post: Post) -> None:
    """The last gate stands by itself: with the resolver's check gone, nothing is connected to."""
    port, seen = await listener("127.0.0.2")
    connector = guarded_connector(only_first_loopback)
    connector._resolver = Answers(["127.0.0.2"])  # pyright: ignore[reportPrivateUsage]
    async with sender(connector) as webhooks:
        with pytest.raises(Permanent, match=r"127\.0\.0\.2 is not a public address"):
            await post(webhooks, f"http://unchecked.example:{port}/")
    assert seen == []


async def test_a_proxy_of_the_environment_is_not_used(
    listener: Listener, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, seen = await listener("127.0.0.1")
    proxy_port, seen_by_proxy = await listener("127.0.0.1")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    async with webhook_sender("", allow_private=True) as webhooks:
        await post(webhooks, f"http://127.0.0.1:{port}/")
    assert (len(seen), seen_by_proxy) == (1, [])
