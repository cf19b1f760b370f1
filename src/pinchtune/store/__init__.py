"""The database of collected examples: who wrote what, and who approved it.

Every rule of collecting stands here, whoever calls: the web, the API or the command line.
Each operation takes the acting person and refuses with a StoreError.

This package knows nothing of the web, of models, or of what makes an example good.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pinchtune.errors import MissingExtra
from pinchtune.store.errors import Conflict, Forbidden, Invalid, NotFound, StoreError, TooMany
from pinchtune.store.records import (
    Approval,
    Decision,
    Event,
    Grant,
    Invitation,
    Page,
    Person,
    Role,
    Row,
    Settings,
    Template,
    Term,
    Text,
    Token,
    Version,
)

if TYPE_CHECKING:
    from pinchtune.store.archive import backup, restore
    from pinchtune.store.database import Store, open_store

for _library in ("sqlalchemy", "alembic", "argon2"):
    if find_spec(_library) is None:
        raise MissingExtra(_library, "web")

__all__ = [
    "Approval",
    "Conflict",
    "Decision",
    "Event",
    "Forbidden",
    "Grant",
    "Invalid",
    "Invitation",
    "NotFound",
    "Page",
    "Person",
    "Role",
    "Row",
    "Settings",
    "Store",
    "StoreError",
    "Template",
    "Term",
    "Text",
    "Token",
    "TooMany",
    "Version",
    "backup",
    "open_store",
    "restore",
]

_HOMES = {"Store": "database", "open_store": "database", "backup": "archive", "restore": "archive"}


def __getattr__(name: str) -> Any:
    """Load what opens a database when it is first used: the records need none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
