"""What the AWS SDK is still asked for: endpoint, proxy, certificates and credentials, as its standard settings say."""

from types import SimpleNamespace
from typing import Any

from aiobotocore.session import AioSession
from botocore import httpsession, utils
from botocore.exceptions import BotoCoreError

from .signing import Keys
from .sqs_settings import Endpoint, SettingsFault

_http: Any = httpsession  # the SDK's own rules for proxies and certificates; without types
_utils: Any = utils


class Sdk:
    """One session of the SDK; it keeps credentials and renews them before they run out."""

    def __init__(self) -> None:
        self._session: Any = AioSession()  # its stubs describe every service of AWS and none well

    async def keys(self) -> Keys:
        """Credentials that hold now. Raises `SettingsFault`."""
        try:
            credentials = await self._session.get_credentials()
            if credentials is not None:
                return await credentials.get_frozen_credentials()
        except Exception as error:  # its providers let out whatever they meet
            raise SettingsFault(f"no AWS credentials: {error}") from error
        raise SettingsFault("no AWS credentials: there are none in the environment, the configuration or the metadata")

    async def endpoint(self, region: str) -> Endpoint:
        """Where the SDK would send requests for SQS. Raises `SettingsFault`."""
        try:
            request, signer = await self._try_a_request(region)
            bundle = self._session.get_config_variable("ca_bundle")
        except (BotoCoreError, ValueError) as error:
            raise SettingsFault(f"AWS settings: {error}") from error
        url = request["url"]
        return Endpoint(
            url=url,
            region=signer.region_name,
            service=signer.signing_name,
            proxy=_http.ProxyConfiguration(_utils.get_environ_proxies(url)).proxy_url_for(url),
            certificates=bundle or _http.get_cert_path(True),
        )

    async def _try_a_request(self, region: str) -> tuple[Any, Any]:
        """A request as it would go out, and what would sign it. It stays here, and so do the credentials."""
        caught: list[Any] = []

        def catch(params: Any, request_signer: Any, **_: Any) -> Any:
            caught.extend((params, request_signer))
            return SimpleNamespace(status_code=200), {}

        unused = {"aws_access_key_id": "unused", "aws_secret_access_key": "unused"}
        async with self._session.create_client("sqs", region_name=region, **unused) as client:
            client.meta.events.register("before-call.sqs", catch)
            await client.list_queues()
        return caught[0], caught[1]
