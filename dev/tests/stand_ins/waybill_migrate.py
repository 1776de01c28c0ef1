"""Stands in for waybill-migrate: makes the roles and a table, as the owner."""

import os
import subprocess
import sys

from waybill_dev.postgres.binaries import wheel_bin_folder

ROLES = ("waybill_api", "waybill_relay", "waybill_processor")
STATEMENTS = "".join(
    f"SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec\n"
    for role in ROLES
)
psql = [wheel_bin_folder() / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", os.environ["WAYBILL_MIGRATIONS_DATABASE_URL"]]
done = subprocess.run(psql, input=STATEMENTS + "CREATE TABLE IF NOT EXISTS kept (word text);", text=True, check=False)
print("migrated to", *sys.argv[1:], flush=True)
sys.exit(done.returncode)
