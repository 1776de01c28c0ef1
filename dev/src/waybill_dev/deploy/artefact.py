"""The artefact of a service: the processor's zip, an image."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from waybill_dev.deploy.aws import Aws, refusals
from waybill_dev.errors import StackError

LOCAL_BUCKET = "waybill-artefacts"
_LONGEST_SECONDS = 900


def build_zip(checkout: Path, architecture: str | None) -> Path:
    """The processor's zip, built anew: for AWS, or for the local MiniStack without an `architecture`.

    Raises StackError when the build fails.
    """
    target = ["local"] if architecture is None else ["aws", "--arch", architecture]
    build = [sys.executable, "-m", "tools.lambda_zip", "processor", *target, "--quick"]
    run(build, checkout, "the zip cannot be built")
    name = "local" if architecture is None else f"aws-{architecture}"
    return checkout / "dist" / f"processor-{name}.zip"


def upload(aws: Aws, bucket: str, zipped: Path) -> str:
    """Put the zip into the bucket under a key that names its content; that key. Raises StackError."""
    content = zipped.read_bytes()
    key = f"{zipped.stem}-{hashlib.sha256(content).hexdigest()[:16]}.zip"
    client = aws.client("s3")
    with refusals():
        if aws.is_local:
            client.create_bucket(Bucket=bucket)
        if not _holds(client, bucket, key):
            client.put_object(Bucket=bucket, Key=key, Body=content)
    return key


def build_image(checkout: Path, dockerfile: str, image: str) -> None:
    """Build an image and push it under its name. Raises StackError, also when Docker is missing."""
    if shutil.which("docker") is None:
        raise StackError("docker is missing, which builds the image: install it, or name a built one with --set Image=")
    run(["docker", "build", "--file", dockerfile, "--tag", image, "."], checkout, f"{image} cannot be built")
    run(["docker", "push", image], checkout, f"{image} cannot be pushed")


def run(argv: list[str], folder: Path, failure: str) -> None:
    """Run a step of a build to its end. Raises StackError that says `failure` with the step's last line."""
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        raise StackError(f"{failure}: {lines[-1]}")


def _holds(client: Any, bucket: str, key: str) -> bool:
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        answer: Any = error.response
        if answer["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True
