"""A person at a browser: they know labels, buttons and links in their language, and no selector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, ElementHandle, Locator, Page, expect

from pinchtune.web.wording import translator

PASSWORD = "a long enough password"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SECONDS = 20
"""How long a page may take on a machine that is busy."""
TABS = 200
"""No page has as many stops of the Tab key."""
expect.set_options(timeout=SECONDS * 1000)


class Visitor:
    """One person, with a browser of their own."""

    def __init__(self, browser: Browser, base: str, locale: str, **options: Any) -> None:
        options = {"viewport": WIDE, "locale": locale} | options
        self.base, self.locale = base, locale
        self.context = browser.new_context(base_url=base, **options)
        self.context.set_default_timeout(SECONDS * 1000)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def say(self, sentence: str, **values: object) -> str:
        """Return a sentence as the pages say it to this person."""
        return translator(self.locale)(sentence, **values).unescape()

    def language(self, code: str) -> str:
        return translator(self.locale).language(code)

    def come_in(self, link: str, name: str) -> None:
        """Accept an invitation."""
        self.page.goto(link)
        self.write("Your name", name)
        self.write("Password", PASSWORD)
        self.write("The same password again", PASSWORD)
        self.press("Come in")
        self.sees(self.say("Hello, {name}", name=name))

    def log_in(self, name: str) -> None:
        self.page.goto("/log-in")
        self.write("Name or address of mail", name)
        self.write("Password", PASSWORD)
        self.press("Log in")
        # Greeted in the language that they chose before, which need not be this browser's.
        self.sees(name, "h1")

    def read_in(self, locale: str) -> None:
        """Choose the language of the pages."""
        self.page.locator(".tools summary").first.click()
        self.page.locator(f".tools button[lang={locale}]").click()
        expect(self.page.locator("html")).to_have_attribute("lang", locale)

    def write(self, label: str, text: str) -> None:
        self.field(label).fill(text)

    def choose(self, label: str, value: str) -> None:
        self.empty(label).select_option(value)

    def press(self, label: str, **values: object) -> None:
        self.button(label, **values).click()

    def follow(self, label: str, within: str = "body") -> None:
        self.link(self.say(label), within, exact=True).click()

    def follow_words(self, words: str, within: str = "main") -> None:
        """Follow the first link that holds these words."""
        self.link(words, within).click()

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(self.say(label), exact=True).first

    def empty(self, label: str) -> Locator:
        """Return the first field of that name that says nothing yet."""
        fields = self.page.get_by_label(self.say(label), exact=True)
        fields.first.wait_for()
        return next(field for field in fields.all() if not field.input_value())

    def button(self, label: str, **values: object) -> Locator:
        return self.page.get_by_role("button", name=self.say(label, **values), exact=True)

    def link(self, words: str, within: str = "main", exact: bool = False) -> Locator:
        inside = self.page.locator(within)
        return inside.get_by_role("link", name=words, exact=exact).first

    def sees(self, text: str, within: str = "main") -> None:
        expect(self.page.locator(within)).to_contain_text(text)

    def hears(self, notice: str) -> None:
        """Read what the page says was done."""
        expect(self.page.get_by_role("status").first).to_have_text(self.say(notice))

    def leave(self) -> None:
        assert self.faults == []
        self.context.close()


class Typist(Visitor):
    """A person without a mouse: Tab leads to everything, and Enter does it."""

    def write(self, label: str, text: str) -> None:
        self._reach(self.field(label))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def choose(self, label: str, value: str) -> None:
        field = self.empty(label).element_handle()
        self._reach(field)
        while field.input_value() != value:
            before = field.input_value()
            self.page.keyboard.press("ArrowDown")
            assert field.input_value() != before, f"{label} has no {value}"

    def press(self, label: str, **values: object) -> None:
        self._reach(self.button(label, **values))
        self.page.keyboard.press("Enter")

    def follow(self, label: str, within: str = "body") -> None:
        self._reach(self.link(self.say(label), within, exact=True))
        self.page.keyboard.press("Enter")

    def follow_words(self, words: str, within: str = "main") -> None:
        self._reach(self.link(words, within))
        self.page.keyboard.press("Enter")

    def _reach(self, wanted: Locator | ElementHandle) -> None:
        """Go on by Tab until it has the focus, and see that the focus shows."""
        if isinstance(wanted, Locator):
            wanted.wait_for()
        for _ in range(TABS):
            if wanted.evaluate("it => it === document.activeElement"):
                outline = wanted.evaluate("it => getComputedStyle(it).outlineStyle")
                assert outline != "none", wanted
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {wanted}")


Invite = Callable[..., Visitor]
"""Makes a visitor of a server: `meet(server, locale, kind=Visitor, **options)`."""
