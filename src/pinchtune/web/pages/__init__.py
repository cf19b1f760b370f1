"""The pages, one module a group; each lists its routes."""

from __future__ import annotations

from pinchtune.web.pages import entry
from pinchtune.web.visit import Route

ROUTES: tuple[Route, ...] = (*entry.ROUTES,)
