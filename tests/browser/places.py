"""Every page that a person can come to: from the routes of the pages, and from what forms answer.

A route without parts in its path is visited by itself. One with parts needs a line in ADDRESSES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from playwright.sync_api import BrowserContext, Page
from seeded import BROKEN, TERM_LIST, Workplace

from pinchtune.store import Grant, Person, people, templates
from pinchtune.web.pages import ROUTES
from pinchtune.web.security import SESSION

LOCALES = {"en": "es", "ja": "ja", "ar": "ar"}
"""Locale of the pages, and the language that its people write in."""
ROLES = ("visitor", "author", "approver", "reader", "administrator")
FILES = ("/sheets/{name}",)
"""Routes that answer with a file."""
PAGES = tuple(r for r in ROUTES if r.method == "GET" and r.path not in FILES)
PATHS = tuple(route.path for route in PAGES)

Find = Callable[[Workplace, str], list[str]]


def _rows(*states: str, end: str = "") -> Find:
    return lambda made, language: [f"/rows/{made.row(language, state).id}{end}" for state in states]


def _edits(made: Workplace, language: str) -> list[str]:
    """A draft, one that was sent back, one to translate."""
    drafts = made.row(language, "draft"), made.row(language, "rejected")
    task = made.row(language, "draft", source=True)
    return [f"/rows/{row.id}/edit" for row in (*drafts, task)]


def _writing(made: Workplace, language: str) -> list[str]:
    template = templates.list_templates(made.store, language)[2]
    term = made.term(language)
    asked = f"language={language}&template={template.id}&terms={term.id}"
    return ["/write", f"/write?{asked}", f"/write?language={language}&group=0"]


def _templates(made: Workplace, language: str) -> list[str]:
    first = templates.list_templates(made.store, language)[0]
    return [f"/templates/{first.id}", f"/templates/new?language={language}"]


def _invitations(made: Workplace, language: str) -> list[str]:
    """A link for somebody new, one for a new password, one that is void."""
    grants = [Grant("author", language, "Osaka"), Grant("approver", language)]
    new = people.invite(made.store, made.admin, grants, "Kim")
    again = people.reset_link(made.store, made.admin, made.reader.id)
    return [f"/welcome/{token}" for token in (new, again, "used")]


ADDRESSES: dict[str, Find] = {
    "/": lambda made, language: [f"/?language={language}"],
    "/write": _writing,
    "/queue": lambda made, language: [f"/queue?language={language}"],
    "/rows": lambda made, language: ["/rows", "/rows?status=approved&text=nowhere"],
    "/rows/{id}": _rows("draft", "submitted", "rejected", "approved"),
    "/rows/{id}/edit": _edits,
    "/rows/{id}/revise": _rows("submitted", end="/revise"),
    "/glossary": lambda made, language: [f"/glossary?language={language}"],
    "/glossary/{id}": lambda made, language: [f"/glossary/{made.term(language).id}"],
    "/enquiries": lambda made, language: [
        "/enquiries",
        f"/enquiries?language={language}&text=a",
        "/enquiries?text=nowhere",
    ],
    "/enquiries/{number}": lambda made, language: ["/enquiries/0", "/enquiries/3", "/enquiries/99"],
    "/selection": lambda made, language: ["/selection", f"/selection?language={language}"],
    "/sheets": lambda made, language: [f"/sheets?language={language}"],
    "/judge/{id}": lambda made, language: [
        f"/judge/{round.id}?language={language}" for round in made.rounds()
    ],
    "/checks": lambda made, language: [f"/checks?language={language}"],
    "/people/{id}": lambda made, language: [f"/people/{made.author[language].id}"],
    "/templates": lambda made, language: [f"/templates?language={language}"],
    "/templates/{id}": _templates,
    "/welcome/{token}": _invitations,
}


def addresses(path: str, made: Workplace, language: str) -> list[str]:
    """Return where to find the pages of a route."""
    if path in ADDRESSES:
        return ADDRESSES[path](made, language)
    assert "{" not in path, f"say in ADDRESSES of {__file__} what stands for {path}"
    return [path]


def actor(made: Workplace, role: str, language: str) -> Person | None:
    """Return who plays a role in a language; a visitor is nobody yet."""
    people_of = {"author": made.author, "approver": made.approver}
    if role in people_of:
        return people_of[role][language]
    return {"reader": made.reader, "administrator": made.admin}.get(role)


def let_in(context: BrowserContext, base: str, made: Workplace, role: str, locale: str) -> None:
    """Log somebody in who plays a role."""
    person = actor(made, role, LOCALES[locale])
    if person:
        token = made.session(person, locale)
        context.add_cookies([{"name": SESSION, "value": token, "url": base}])


class Place(NamedTuple):
    """One page as a role comes to it."""

    name: str
    path: str
    """The route."""
    show: Callable[[Page], object]


def places(context: BrowserContext, made: Workplace, role: str, locale: str) -> Iterator[Place]:
    """Yield the pages that a role can open: one refusal, and none that only leads elsewhere."""
    refused = False
    # What everybody may see, nobody needs to see twice.
    for path in (route.path for route in PAGES if route.public == (role == "visitor")):
        for n, address in enumerate(addresses(path, made, LOCALES[locale]), 1):
            answer = context.request.get(address, max_redirects=0)
            if answer.status in (403, 404) and not refused:
                refused = True
            elif answer.status != 200:
                continue
            yield Place(f"{path}-{n}", path, lambda page, to=address: page.goto(to))
    for name, (who, show) in ANSWERS.items():
        if who == role:
            yield Place(name, name, lambda page, go=show: go(page, made, LOCALES[locale]))


def _press(page: Page, selector: str) -> None:
    page.locator(selector).click()
    page.wait_for_load_state()


def _wrong_log_in(page: Page, made: Workplace, language: str) -> None:
    page.goto("/log-in")
    page.fill("#name", "Nobody")
    page.fill("#password", "a wrong password")
    _press(page, "main button.primary")


def _welcome_refused(page: Page, made: Workplace, language: str) -> None:
    page.goto(_invitations(made, language)[0])
    page.fill("#password", "a long enough password")
    page.fill("#again", "another long password")
    _press(page, "main button.primary")


def _ended(page: Page, made: Workplace, language: str) -> None:
    """What is typed when the session has ended is shown once more."""
    page.goto("/log-in")
    token = page.locator("[name=form_token]").first.input_value()
    words = made.row(language, "draft").text
    page.evaluate(
        """fields => {
            const form = document.createElement("form");
            Object.assign(form, {method: "post", action: "/write"});
            for (const [name, value] of Object.entries(fields)) {
                form.append(Object.assign(document.createElement("input"), {name, value}));
            }
            document.body.append(form);
            form.submit();
        }""",
        {"form_token": token, "instruction": words.instruction, "response": words.response},
    )
    page.wait_for_selector("textarea")


def _incomplete(page: Page, made: Workplace, language: str) -> None:
    """Submitting half an example is refused, and keeps it."""
    page.goto(f"/write?language={language}")
    page.fill("#instruction", made.row(language, "approved").text.instruction)
    _press(page, "#example button[value=submit]")
    page.wait_for_selector(".failure")


def _conflict(page: Page, made: Workplace, language: str) -> None:
    """Two windows on one draft."""
    page.goto(_edits(made, language)[0])
    page.evaluate("document.querySelector('[name=revision]').value = 0")
    _press(page, "#example button[value=save]")
    page.wait_for_selector(".failure")


def _uploaded(page: Page, made: Workplace, language: str) -> None:
    page.goto(f"/sheets?language={language}")
    text = BROKEN.replace("\nes,", f"\n{language},")
    page.set_input_files(
        "#file", {"name": "examples.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    _press(page, "main button.primary")
    page.wait_for_selector("table")


def _imported(page: Page, made: Workplace, language: str) -> None:
    page.goto(f"/glossary?language={language}")
    file = {"name": "terms.csv", "mimeType": "text/csv", "buffer": TERM_LIST.encode()}
    page.set_input_files("#file", file)
    _press(page, "form[action='/glossary/import'] button")
    page.wait_for_selector(".notice")


def _invited(page: Page, made: Workplace, language: str) -> None:
    page.goto("/people")
    page.fill("#name", "Kim")
    page.select_option("#role-0", "author")
    _press(page, "main form[action='/people'] button.primary")
    page.wait_for_selector("code")


def _token(page: Page, made: Workplace, language: str) -> None:
    page.goto("/account")
    page.fill("#label", "intranet")
    _press(page, "form[action='/account/tokens'] button")
    page.wait_for_selector("code")


ANSWERS: dict[str, tuple[str, Callable[[Page, Workplace, str], None]]] = {
    "log-in refused": ("visitor", _wrong_log_in),
    "welcome refused": ("visitor", _welcome_refused),
    "session ended": ("visitor", _ended),
    "incomplete": ("author", _incomplete),
    "conflict": ("author", _conflict),
    "uploaded": ("author", _uploaded),
    "imported": ("administrator", _imported),
    "invited": ("administrator", _invited),
    "token": ("administrator", _token),
}
"""Pages that only a form answers with: who comes to them, and how."""
