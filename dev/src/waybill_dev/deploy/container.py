"""The services that run as containers on ECS."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waybill_dev.deploy.artefact import build_image
from waybill_dev.deploy.aws import Aws, refusals
from waybill_dev.deploy.names import API_STACK, QUEUE_STACK, WORKER_STACK, template
from waybill_dev.deploy.stack import Deployed, Say, Stack
from waybill_dev.errors import StackError


@dataclass(frozen=True)
class Container:
    """A service with an image: its stack, its files, and which outputs of the queue's stack it takes."""

    stack: str
    folder: str
    from_queue: tuple[str, ...]
    secrets: tuple[str, ...]


API = Container(
    API_STACK, "services/api", ("QueueUrl", "QueueArn"), ("DatabaseUrlSecretArn", "RelayDatabaseUrlSecretArn")
)
WORKER = Container(
    WORKER_STACK,
    "services/processor",
    ("QueueUrl", "QueueArn", "DeadLetterQueueUrl", "DeadLetterQueueArn"),
    ("DatabaseUrlSecretArn",),
)


def deploy_container(service: Container, aws: Aws, checkout: Path, given: Mapping[str, str], say: Say) -> Deployed:
    """Bring the service's stack to its template, with the image that `given` names. Raises StackError."""
    outputs = Stack(aws, QUEUE_STACK, say).outputs()
    known = {name: outputs[name] for name in service.from_queue if name in outputs} | dict(given)
    known = {**_invented(service), **known} if aws.is_local else _with_image(service, checkout, known, say)
    deployed = Stack(aws, service.stack, say).deploy(template(checkout, f"{service.folder}/deploy/ecs.yaml"), known)
    if aws.is_local:
        say(f"MiniStack has the stack {service.stack} on record, and runs no container of it: that takes Docker")
    else:
        _look(aws, deployed, known, say)
    return deployed


def _with_image(service: Container, checkout: Path, known: dict[str, str], say: Say) -> dict[str, str]:
    """Without Image, the one to build is named by BuildImage: registry, repository and tag."""
    image = known.pop("BuildImage", None)
    if image is None:
        return known
    say(f"building {image}")
    build_image(checkout, f"{service.folder}/Dockerfile", image)
    return {**known, "Image": image}


def _invented(service: Container) -> dict[str, str]:
    secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:{}"
    return {
        "Image": f"{service.stack}:local",
        "SubnetIds": "subnet-local",
        "SecurityGroupIds": "sg-local",
        "DesiredCount": "",  # MiniStack keeps a count as text, and then fails to subtract from it
        **{name: secret.format(name) for name in service.secrets},
    }


def _look(aws: Aws, deployed: Deployed, known: Mapping[str, str], say: Say) -> None:
    name = deployed.outputs["ServiceName"]
    with refusals():
        told = aws.client("ecs").describe_services(cluster=known.get("Cluster", "default"), services=[name])
    running, wanted = told["services"][0]["runningCount"], told["services"][0]["desiredCount"]
    if running < wanted:
        raise StackError(f"{name} runs {running} of {wanted} containers: the events of the ECS service say why")
    say(f"{name} runs {running} of {wanted} containers")
