"""The pages, one module a group; each lists its routes."""

from __future__ import annotations

from pinchtune.web.pages import (
    abtest,
    account,
    approve,
    checks,
    enquiries,
    entry,
    glossary,
    home,
    judge,
    people,
    project,
    rows,
    selection,
    sheets,
    write,
)
from pinchtune.web.visit import Route

_GROUPS = (
    *(entry, home, write, approve, rows, enquiries, selection, judge),
    *(glossary, sheets, people, project, account, abtest, checks),
)
ROUTES: tuple[Route, ...] = tuple(route for group in _GROUPS for route in group.ROUTES)
