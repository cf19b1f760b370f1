"""Names of roles, states, kinds and actions, as sentences to translate."""

from __future__ import annotations

from typing import NamedTuple

from pinchtune.store import Person
from pinchtune.web.wording import mark as _

ROLES = {
    "administrator": _("Administrator"),
    "author": _("Author"),
    "approver": _("Approver"),
    "reader": _("Reader"),
}
ROLE_HINTS = {
    "administrator": _("invites people, sets goals and templates"),
    "author": _("writes examples"),
    "approver": _("approves examples or sends them back"),
    "reader": _("reads everything"),
}
STATES = {
    "draft": _("Draft"),
    "submitted": _("Waiting for approval"),
    "approved": _("Approved"),
    "rejected": _("Sent back"),
}
KINDS = {
    "howto": _("How to do something"),
    "complaint": _("Answer to a complaint"),
    "price": _("Price and delivery"),
    "product": _("Explanation of a product"),
    "term": _("Explanation or translation of a term"),
    "rewrite": _("Rewriting"),
    "summary": _("Summary"),
    "refusal": _("Refusal"),
    "order-status": _("State of an order"),
    "appointment": _("Appointment"),
}
ORIGINS = {
    "web": _("Written here"),
    "sheet": _("From a spreadsheet"),
    "api": _("From another form"),
    "cli": _("From the command line"),
    "handed over": _("Handed over from another language"),
}
VERDICTS = {
    "good": _("Good as it is"),
    "unsure": _("Not sure"),
    "bad": _("Should not have been approved"),
}
STATUSES = {
    "401": _("Log in first"),
    "403": _("You may not do this"),
    "404": _("Not found"),
    "409": _("Somebody was quicker"),
    "413": _("Too large"),
    "422": _("This cannot be taken"),
    "429": _("Please wait"),
    "500": _("Something went wrong"),
}


class Link(NamedTuple):
    """One entry of the navigation."""

    path: str
    name: str
    here: bool = False
    first: bool = False
    """True if it is shown on a phone, too."""


def list_links(person: Person, path: str) -> list[Link]:
    """Return the pages that a person has a use for."""
    author, approver = person.has("author"), person.has("approver")
    leader = person.has("administrator")
    table = (
        ("/", _("Home"), True, True),
        ("/write", _("Write"), author, True),
        ("/queue", _("Approve"), approver, True),
        ("/rows", _("Examples"), True, True),
        ("/glossary", _("Glossary"), True, False),
        ("/sheets", _("Spreadsheets"), author, False),
        ("/second", _("Second opinions"), approver or leader, False),
        ("/people", _("People"), leader, False),
        ("/templates", _("Templates"), leader, False),
        ("/settings", _("Settings"), leader, False),
        ("/history", _("History"), leader or person.has("reader"), False),
    )
    return [
        Link(target, label, _is_here(target, path), first)
        for target, label, useful, first in table
        if useful
    ]


def _is_here(target: str, path: str) -> bool:
    return path == target or (target != "/" and path.startswith(f"{target}/"))


def name(table: dict[str, str], key: str) -> str:
    """Return the name of a key; the key itself if it has none."""
    return table.get(key, key)
