"""What the database needs around the migrations: an owner and a database before, passwords after."""

from collections.abc import Mapping

from waybill_dev.passwords import OWNER, SERVICE_ROLES
from waybill_dev.postgres import PostgresServer
from waybill_dev.stack.plan import DATABASE

# As on RDS, the owner of the schema is no superuser: what the migrations do here, they can do there.
_OWNER = f"""
SELECT 'CREATE ROLE {OWNER} LOGIN CREATEROLE'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER}') \\gexec
SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER}'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
"""
_STATEMENT_STATISTICS = """
SELECT 'CREATE EXTENSION pg_stat_statements'
WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') \\gexec
"""

# MiniStack has forgotten its functions: those that it has again say so themselves, when they are deployed.
_FORGET_FUNCTIONS = """
DO $$ BEGIN
    IF to_regclass('service_instances') IS NOT NULL THEN
        DELETE FROM service_instances WHERE NOT expires;
    END IF;
END $$;
"""


def prepare_database(server: PostgresServer, passwords: Mapping[str, str]) -> None:
    """Make the owner role and the database unless they exist. Raises StackError."""
    server.execute(_OWNER + _password_statement(OWNER, passwords) + f"\\c {DATABASE}\n" + _STATEMENT_STATISTICS)


def forget_functions(server: PostgresServer) -> None:
    """Remove the functions of an earlier start from what can-i-deploy takes for live. Raises StackError."""
    server.execute(_FORGET_FUNCTIONS, database=DATABASE)


def set_service_passwords(server: PostgresServer, passwords: Mapping[str, str]) -> None:
    """Give the roles that the migrations made their passwords. Raises StackError."""
    server.execute("".join(_password_statement(role, passwords) for role in SERVICE_ROLES))


def _password_statement(role: str, passwords: Mapping[str, str]) -> str:
    # Drawn by us out of letters, digits, '-' and '_': nothing to escape.
    return f"ALTER ROLE {role} PASSWORD '{passwords[role]}';\n"
