"""The data folder of PostgreSQL: where it lies, and how it is made so that a killed start leaves nothing half done."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from waybill_dev.account import Account, can_enter, private_folder, server_account
from waybill_dev.errors import StackError
from waybill_dev.postgres.binaries import major_version, shared_folder
from waybill_dev.process import Command

SUPERUSER = "postgres"


DATA = "data"


@dataclass(frozen=True)
class Cluster:
    """A data folder, the binaries that read it and the account that owns it."""

    folder: Path
    bin_folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The data folder proper."""
        return self.folder / DATA

    def prepare(self, *, password: str | None, synced: bool) -> None:
        """Make the data folder unless it exists; `password` is the superuser's, None to trust everybody on loopback.

        Raises StackError when initdb fails or another PostgreSQL wrote the data.
        """
        private_folder(self.folder, self.account)
        if self.data.exists():
            self._check_version()
            return
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        access = ["-A", "trust"]
        if password is not None:
            access = ["-A", "scram-sha-256", f"--pwfile={self._password_file(password)}"]
        self._initdb(unfinished, [*access, *([] if synced else ["--no-sync"])])
        unfinished.rename(self.data)

    def _initdb(self, folder: Path, options: list[str]) -> None:
        argv = [str(self.bin_folder / "initdb"), "-D", str(folder), "-U", SUPERUSER, "-E", "UTF8", *self._locale()]
        try:
            _run(Command((*argv, *options), {"TZ": "UTC"}, account=self.account))
        finally:
            self._password_path.unlink(missing_ok=True)

    @property
    def _password_path(self) -> Path:
        return self.folder / "password.unfinished"

    def _password_file(self, password: str) -> Path:
        # initdb opens it under its own account, which our standard input would be closed to.
        self._password_path.unlink(missing_ok=True)
        self._password_path.touch(mode=0o600)
        self._password_path.write_text(password)
        if self.account is not None:
            os.chown(self._password_path, self.account.user_id, self.account.group_id)
        return self._password_path

    def _locale(self) -> tuple[str, ...]:
        # The same order and case rules on every machine, whatever locales it has.
        if major_version(self.bin_folder) >= 17:
            return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        return ("--locale=C",)

    def _check_version(self) -> None:
        written_by = (self.data / "PG_VERSION").read_text().strip()
        running = major_version(self.bin_folder)
        if written_by != str(running):
            raise StackError(
                f"the data in {self.data} was written by PostgreSQL {written_by} and this is {running}: "
                "remove it with './justw reset', or dump and load it"
            )


def cluster_folder(wished: Path, account: Account | None) -> Path:
    """`wished`, or its stand-in under /var/tmp when `account` cannot enter the folders above it.

    Raises StackError when data lies in `wished` and cannot be entered any more.
    """
    if account is None or can_enter(wished.parent, account):
        return wished
    if (wished / DATA).exists():
        raise StackError(f"user '{account.name}' cannot enter {wished.parent}, where the data is: run chmod o+x on it")
    return shared_folder() / hashlib.sha256(str(wished.resolve()).encode()).hexdigest()[:16]


def data_folder(wished: Path) -> Path:
    """Where the data of a server in folder `wished` lies, for the account that PostgreSQL runs under here."""
    return cluster_folder(wished, server_account()) / DATA


def _run(initdb: Command) -> None:
    with initdb.spawn(subprocess.PIPE) as process:
        output, _ = process.communicate()
    if process.returncode != 0:
        lines = output.decode(errors="replace").strip().splitlines()
        said = next((line for line in lines if "error" in line or "FATAL" in line), lines[-1] if lines else "killed")
        raise StackError(f"PostgreSQL could not make its data folder {initdb.argv[2]}: {said}")
