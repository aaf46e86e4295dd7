"""Roles: those that Torg's walls stand on, on a PostgreSQL that hasn't them. Migrations make them; a dump doesn't."""

from sqlalchemy import Engine, text

from hub.storage.engine import APP_ROLE, INTAKE_ROLE, PUBLIC_ROLE, SYSTEM_ROLE

_MAY_LOG_IN = {APP_ROLE: True, SYSTEM_ROLE: False, PUBLIC_ROLE: True, INTAKE_ROLE: False}
_RIGHTS = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT"


def ensure(engine: Engine) -> None:
    """Before a dump is restored, whose rights name them. What is there stays as it is."""
    with engine.begin() as connection:
        there = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
        for name in _MAY_LOG_IN.keys() - there:
            connection.execute(text(f"CREATE ROLE {name} {'LOGIN' if _MAY_LOG_IN[name] else 'NOLOGIN'} {_RIGHTS}"))
            if name in {APP_ROLE, SYSTEM_ROLE}:
                connection.execute(text(f"GRANT {name} TO CURRENT_USER"))
        if {PUBLIC_ROLE, INTAKE_ROLE} - there:
            connection.execute(text(f"GRANT {INTAKE_ROLE} TO {PUBLIC_ROLE}"))
