"""What a text must be to be stored, and to be submitted."""

from __future__ import annotations

from pinchtune.store.acting import check_length, refused
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Person, Row, Text

LONGEST = {
    "instruction": 20_000,
    "response": 50_000,
    "license": 200,
    "domain": 200,
    "drafted_by": 200,
}
"""Most characters of each field."""


def check_text(text: Text) -> Text:
    """Return a text with plain line breaks, or refuse what cannot be stored."""
    return Text(
        **{
            # Forms send \r\n; kept, the same text would look changed after a round trip.
            name: check_length(name, getattr(text, name), most).replace("\r\n", "\n")
            for name, most in LONGEST.items()
        }
    )


def check_complete(text: Text) -> Text:
    """Return a text that can be submitted, or say what is missing."""
    if not text.instruction.strip():
        raise Invalid("Write the instruction before you submit the example.")
    if not text.response.strip():
        raise Invalid("Write the response before you submit the example.")
    return text


def choose_site(person: Person, language: str, site: str) -> str:
    """Return the site that an example of this author belongs to."""
    check_length("site", site, 100)
    if person.may("author", language, site):
        return site
    sites = [g.site for g in person.grants if g.covers("author", language, g.site)]
    if site or not sites:
        raise refused("author", language, site)
    return sites[0]


def can_write(person: Person, row: Row) -> bool:
    """True if the person is an author for the example's language and site.

    A free task without a site is open to the authors of its language at every site.
    """
    open_to_all = row.is_free and not row.site
    sites = {grant.site for grant in person.grants} if open_to_all else {row.site}
    return any(person.may("author", row.language, site) for site in sites)


def writing_site(person: Person, row: Row) -> str:
    """Return the site that the example belongs to once this author writes it."""
    if not can_write(person, row):
        raise refused("author", row.language, row.site)
    return choose_site(person, row.language, "") if row.is_free and not row.site else row.site
