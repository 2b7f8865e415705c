"""Where a test speaks PostgreSQL to: a server, a pooler or a proxy, in the words of libpq."""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One end that clients connect to, and who they are there."""

    port: int
    user: str
    password: str
    database: str
    host: str = "127.0.0.1"
    sslmode: str = "disable"
    root: str = ""  # file of the certificate that TLS is checked by

    def at(self, port: int) -> Self:
        """Return the same by another port, as something in between has one."""
        return replace(self, port=port)

    def on(self, database: str) -> Self:
        """Return the same for another database."""
        return replace(self, database=database)

    @property
    def conninfo(self) -> str:
        """Return it as libpq's key words."""
        said = (
            f"host={self.host} port={self.port} user={self.user} password={self.password} "
            f"dbname={self.database} sslmode={self.sslmode} connect_timeout=10"
        )
        return f"{said} sslrootcert={self.root}" if self.root else said

    def url(self, scheme: str = "postgresql", **options: str) -> str:
        """Return it as a URL; `options` are added to its query."""
        asked = {"sslmode": self.sslmode, **({"sslrootcert": self.root} if self.root else {})}
        query = "&".join(f"{name}={quote(value)}" for name, value in (asked | options).items())
        who = f"{quote(self.user)}:{quote(self.password)}"
        return f"{scheme}://{who}@{self.host}:{self.port}/{self.database}?{query}"

    @property
    def environment(self) -> dict[str, str]:
        """Return it as the variables that PostgreSQL's own programs read."""
        said = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
            "PGSSLMODE": self.sslmode,
            "PGCONNECT_TIMEOUT": "10",
        }
        return {**said, "PGSSLROOTCERT": self.root} if self.root else said
