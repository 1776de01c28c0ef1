"""Images without Docker: each Dockerfile is gone through once."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import pytest

from tests.docker.rehearsal import DOCKERFILES, Image, rehearse


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Image]:
    """`image("api")`: what the Dockerfile of that name leaves."""
    if find_spec("venv") is None:
        pytest.skip("this Python has no venv, which the images have")
    return cache(lambda name: rehearse(DOCKERFILES[name], tmp_path_factory.mktemp(name)))
