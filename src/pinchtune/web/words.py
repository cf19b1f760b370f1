"""Names of roles, states, kinds and actions, as sentences to translate."""

from __future__ import annotations

from typing import NamedTuple

from pinchtune.languages import UNKNOWN
from pinchtune.store import Person
from pinchtune.web.wording import Translator
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
MODES = {
    "pairs": _("Two answers side by side"),
    "grades": _("One answer at a time, with a grade"),
}
TURNS = {
    "system": _("Told to the model"),
    "user": _("Asked before"),
    "assistant": _("Answered before"),
}


class Choice(NamedTuple):
    """One thing that can be said of what is judged."""

    value: str
    name: str
    keys: tuple[str, str]
    """The keys that say it, the shown one first."""


JUDGING = {
    "pairs": (
        Choice("first", _("A is better"), ("1", "a")),
        Choice("second", _("B is better"), ("2", "b")),
        Choice("good", _("Both are good"), ("3", "g")),
        Choice("bad", _("Both are bad"), ("4", "x")),
    ),
    "grades": (
        Choice("excellent", _("Excellent"), ("1", "e")),
        Choice("pass", _("Passes"), ("2", "p")),
        Choice("fail", _("Fails"), ("3", "f")),
    ),
}
ACTIONS = {
    "created": _("Begun"),
    "saved": _("Saved"),
    "submitted": _("Submitted"),
    "withdrew": _("Taken back"),
    "approved": _("Approved"),
    "sent back": _("Sent back"),
    "edited": _("Mended as a new version"),
    "assigned": _("Assigned"),
    "handed over": _("Handed over"),
    "imported": _("Imported"),
    "rated": _("Rated"),
    "drew a sample": _("Drew a sample"),
    "opened a round": _("Opened a round of judging"),
    "closed a round": _("Closed a round of judging"),
    "judged": _("Judged an answer"),
    "took a judgement back": _("Took a judgement back"),
    "logged in": _("Logged in"),
    "joined": _("Joined"),
    "invited": _("Invited somebody"),
    "made a link for a new password": _("Made a link for a new password"),
    "revoked an invitation": _("Revoked an invitation"),
    "set a new password": _("Set a new password"),
    "changed the password": _("Changed the password"),
    "changed the roles": _("Changed the roles of a person"),
    "deactivated": _("Locked a person out"),
    "reactivated": _("Let a person in again"),
    "ended all sessions": _("Ended all sessions"),
    "made a token": _("Made a token"),
    "revoked a token": _("Revoked a token"),
    "added a term": _("Added a term"),
    "changed a term": _("Changed a term"),
    "removed a term": _("Removed a term"),
    "imported terms": _("Imported terms"),
    "added a template": _("Added a template"),
    "changed a template": _("Changed a template"),
    "removed a template": _("Removed a template"),
    "changed the settings": _("Changed the settings"),
}
OF_EXAMPLES = frozenset(ACTIONS) & {
    *("created", "saved", "submitted", "withdrew", "approved", "sent back", "edited"),
    *("assigned", "handed over", "imported", "rated"),
}
"""Actions whose subject is an example."""
PERSONAL = {
    "e-mail": _("Addresses of mail"),
    "phone": _("Telephone numbers"),
    "name": _("Names beside a title"),
    "IBAN": _("Account numbers"),
    "card": _("Numbers of cards"),
    "identifier": _("Tax and identity numbers"),
    "url": _("Links that hold a secret"),
}
WAYS = {
    "facility": _("What stands for as much as possible"),
    "spread": _("What lies as far apart as possible"),
    "cluster": _("One from each of as many groups"),
    "longest": _("The longest responses"),
    "random": _("A random draw"),
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
    "503": _("Please wait"),
}


BESIDE = {"/selection": "/enquiries"}
"""Pages that are reached from another one of the navigation, which is marked in their place."""


class Link(NamedTuple):
    """One entry of the navigation."""

    path: str
    name: str
    about: str
    here: bool = False
    first: bool = False
    """True if it is shown on a phone, too."""

    @property
    def beside(self) -> bool:
        """True if it is reached from another page of the navigation instead."""
        return self.path in BESIDE


def list_links(person: Person, path: str, tested: bool = False) -> list[Link]:
    """Return the pages that a person has a use for; `tested`: there is an A/B test."""
    author, approver = person.has("author"), person.has("approver")
    leader = person.has("administrator")
    table = (
        ("/", _("Home"), _("What there is to do"), True, True),
        ("/write", _("Write"), _("A new example"), author, True),
        ("/queue", _("Approve"), _("What waits for you"), approver, True),
        ("/rows", _("Examples"), _("All that were written, with search"), True, True),
        ("/enquiries", _("What people ask"), _("By group, language and frequency"), True, False),
        ("/selection", _("Chosen examples"), _("Which examples were chosen, and why"), True, False),
        ("/glossary", _("Glossary"), _("Terms of the trade, and what covers them"), True, False),
        ("/sheets", _("Spreadsheets"), _("Write offline, upload later"), author, False),
        (
            "/second",
            _("Second opinions"),
            _("Do approvers agree with each other?"),
            approver or leader,
            False,
        ),
        (
            "/judge",
            _("Judge answers"),
            _("Which answer is better?"),
            author or approver or leader,
            False,
        ),
        (
            "/ab",
            _("A/B test"),
            _("Are people served better?"),
            tested and (leader or person.has("reader")),
            False,
        ),
        (
            "/checks",
            _("Check answers"),
            _("Was what people were told correct?"),
            tested and approver,
            False,
        ),
        ("/people", _("People"), _("Invite, change roles, lock out"), leader, False),
        ("/templates", _("Templates"), _("Typical enquiries to begin from"), leader, False),
        ("/settings", _("Settings"), _("Languages and goals"), leader, False),
        ("/history", _("History"), _("Who did what"), leader, False),
    )
    return [
        Link(target, name, about, _is_here(target, path), first)
        for target, name, about, useful, first in table
        if useful
    ]


def _is_here(target: str, path: str) -> bool:
    marked = target in (path, BESIDE.get(path))
    return marked or (target != "/" and path.startswith(f"{target}/"))


def name(table: dict[str, str], key: str) -> str:
    """Return the name of a key; the key itself if it has none."""
    return table.get(key, key)


def name_language(say: Translator, code: str) -> str:
    """Return the name of a language; that of a text may not be known."""
    return say(_("Language not known")) if code == UNKNOWN else say.language(code)
