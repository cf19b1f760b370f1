"""The story of collecting: written, sent back, mended, approved, mixed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import expect
from visitor import WIDE, Typist, Visitor

from pinchtune.store.templates import shipped
from server import Server, run_pinch
from throwaway import Databases


class Words(NamedTuple):
    """What is written in one language."""

    instruction: str
    wrong: str
    """A response in another language."""
    response: str
    mended: str
    reason: str
    other: tuple[str, str]
    """An example that nobody approves."""


WORDS = {
    "ja": Words(
        "浄水器のフィルターはどのくらいの頻度で交換すればよいですか。",
        "Please replace the filter every six months and rinse it with cold water before use.",
        "半年に一度の交換をおすすめします。",
        "半年に一度の交換をおすすめします。交換の前に元栓を閉め、新しいフィルターは水でよくすすいでください。",
        "交換の手順も書いてください。",
        ("請求書の宛名を変更できますか。", "はい、発行の前であれば変更できます。"),
    ),
    "ar": Words(
        "كم مرة يجب تغيير فلتر الماء في المنزل؟",
        "Please replace the filter every six months and rinse it with cold water before use.",
        "ننصح بتغييره مرة كل ستة أشهر.",
        "ننصح بتغييره مرة كل ستة أشهر. أغلق الصنبور الرئيسي قبل ذلك، واشطف الفلتر بالماء جيداً.",
        "اذكر خطوات التغيير أيضاً.",
        ("هل يمكن تغيير اسم المستلم في الفاتورة؟", "نعم، يمكن ذلك قبل إصدارها."),
    ),
    "es": Words(
        "¿Cada cuánto hay que cambiar el filtro del agua?",
        "Please replace the filter every six months and rinse it with cold water before use.",
        "Recomendamos cambiarlo una vez cada seis meses.",
        "Cada seis meses. Cierre antes la llave de paso y enjuague bien el filtro nuevo.",
        "Explica también cómo se cambia.",
        ("¿Se puede cambiar el titular de la factura?", "Sí, antes de que se emita."),
    ),
    "hi": Words(
        "पानी का फ़िल्टर कितने दिन में बदलना चाहिए?",
        "Please replace the filter every six months and rinse it with cold water before use.",
        "हमारी सलाह है कि उसे हर छह महीने में बदल दें।",
        "हर छह महीने में बदलें। पहले मुख्य नल बंद करें और नए फ़िल्टर को पानी से अच्छी तरह धो लें।",
        "बदलने का तरीका भी लिखें।",
        ("क्या बिल पर नाम बदला जा सकता है?", "हाँ, बिल बनने से पहले बदला जा सकता है।"),
    ),
}


class Cast(NamedTuple):
    """Who plays."""

    admin: Visitor
    author: Visitor
    approver: Visitor


def gather(server: Server, meet: Callable[..., Visitor], language: str, **options) -> Cast:
    """The administrator comes in by the link on the screen, sets a goal and invites two people."""
    admin = meet(server, language, **options)
    enter(admin, server)
    admin.page.goto("/settings")
    admin.choose("Language", language)
    admin.empty("Goal").fill("12")
    admin.press("Save")
    admin.hears("Saved.")
    author, approver = (meet(server, language, **options) for _ in range(2))
    names = f"Ana {language}", f"Dora {language}"
    author.come_in(invite(admin, "author", language, names[0]), names[0])
    approver.come_in(invite(admin, "approver", language, names[1]), names[1])
    return Cast(admin, author, approver)


def enter(admin: Visitor, server: Server) -> None:
    """The link works once; later stories of the same workplace begin with the password."""
    if server.link:
        admin.come_in(server.link, "Ada")
        server.link = ""
    else:
        admin.log_in("Ada")
        admin.read_in(admin.locale)


def invite(admin: Visitor, role: str, language: str, name: str) -> str:
    """Return the link of an invitation."""
    admin.page.goto("/people")
    admin.write("Name", name)
    admin.choose("Role", role)
    admin.choose("Language", language)
    admin.press("Make an invitation link")
    admin.sees(admin.say("The link for {name}", name=name))
    return admin.page.locator("code").inner_text()


def write_by_template(author: Visitor, language: str) -> None:
    """An example is written by a template; the checks tell what is wrong with it at once."""
    words, template = WORDS[language], shipped(language)[0]
    author.page.goto("/")
    author.follow_words(template.title, "main .tiles")
    author.sees(author.say("An example to look at, not to copy"))
    author.sees(template.instruction)
    author.write("Instruction", words.instruction)
    author.write("Response", words.wrong)
    found, declared = author.language("en"), author.language(language)
    warning = author.say(
        "The response reads as {found}, not as {declared}.", found=found, declared=declared
    )
    see_checks(author, warning)
    author.write("Response", words.response)
    see_checks(author, author.say("Nothing to mend."))
    author.press("Submit for approval")
    author.hears("Submitted. An approver will look at it.")


def see_checks(author: Visitor, sentence: str) -> None:
    """See a check beside the form: while typing with a script, after saving without."""
    if author.page.evaluate("!document.documentElement.classList.contains('script')"):
        author.press("Save and check")
    expect(author.page.locator("#checks")).to_contain_text(sentence)


def write_another(author: Visitor, language: str) -> None:
    """One more, that waits and is never approved."""
    author.page.goto("/")
    author.follow("Write an example")
    instruction, response = WORDS[language].other
    author.write("Instruction", instruction)
    author.write("Response", response)
    author.press("Submit for approval")
    author.hears("Submitted. An approver will look at it.")


def open_queue(approver: Visitor, language: str) -> None:
    approver.page.goto("/")
    approver.follow_words(approver.language(language), "main .tiles")
    approver.sees(WORDS[language].instruction, "#review")


def send_back(approver: Visitor, language: str) -> None:
    open_queue(approver, language)
    approver.sees(WORDS[language].response, "#review")
    approver.write("Or send it back: what has to change, and why", WORDS[language].reason)
    approver.press("Send back")
    approver.hears("Sent back to its author, with your reason.")


def mend(author: Visitor, language: str) -> None:
    """The author finds the reason on the first page and on the form."""
    words = WORDS[language]
    author.page.goto("/")
    author.sees(author.say("Sent back to you"))
    author.sees(words.reason)
    author.follow_words(words.reason)
    author.sees(author.say("Why it came back"))
    author.sees(words.reason)
    author.write("Response", words.mended)
    author.press("Submit for approval")
    author.hears("Submitted. An approver will look at it.")


def approve(approver: Visitor, language: str) -> None:
    open_queue(approver, language)
    approver.sees(approver.say("It was sent back before, because:"))
    approver.sees(WORDS[language].mended, "#review")
    approver.press("Approve")
    approver.hears("Approved.")


def play(cast: Cast, language: str) -> None:
    write_by_template(cast.author, language)
    write_another(cast.author, language)
    send_back(cast.approver, language)
    mend(cast.author, language)
    approve(cast.approver, language)
    cast.author.page.goto("/")
    name = cast.author.language(language)
    told = cast.author.say(
        "{done} of {goal} approved in {language}", done=1, goal=12, language=name
    )
    cast.author.sees(told)


def mix(folder: Path, language: str, dose: int) -> subprocess.CompletedProcess[str]:
    chosen = [f"mix.dose={dose}", f'languages.tuned=["{language}"]', "languages.unseen=[]"]
    options = [word for one in chosen for word in ("--set", one)]
    return run_pinch("mix", "-p", str(folder), *options)


def mixed(folder: Path, language: str) -> list[tuple[str, str]]:
    """Return what a mixture of one example takes from the workplace."""
    done = mix(folder, language, 1)
    assert done.returncode == 0, done.stderr
    text = (folder / "runs/mixture/pinch.jsonl").read_text("utf-8")
    rows = [row for row in map(json.loads, text.splitlines()) if row["language"] == language]
    return [(row["instruction"], row["response"]) for row in rows]


def right_way_round(author: Visitor, language: str) -> None:
    """Pages, fields and the order of things follow the direction of the language."""
    direction = {"ar": "rtl"}.get(language, "ltr")
    author.page.goto("/write")
    assert author.page.locator("html").get_attribute("lang") == language
    assert author.page.locator("html").get_attribute("dir") == direction
    for field in (author.field("Instruction"), author.field("Response")):
        assert field.evaluate("it => getComputedStyle(it).direction") == direction
    brand = author.page.locator(".brand").bounding_box()
    assert brand and (brand["x"] > WIDE["width"] / 2) == (direction == "rtl")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def workplace(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    write_project: Callable[..., Path],
    databases: Databases,
) -> Iterator[Server]:
    """Serve a new workplace on each kind of database."""
    address = databases.make(request.param, migrated=True)
    extra = f'[collect]\ndatabase = "{address}"\n'
    server = Server(write_project(tmp_path_factory.mktemp(request.param) / "project", extra))
    yield server.start()
    server.stop()
    databases.drop()


@pytest.mark.parametrize("language", ["ja", "ar"])
def test_the_story(language: str, workplace: Server, meet):
    cast = gather(workplace, meet, language)
    play(cast, language)
    right_way_round(cast.author, language)
    words = WORDS[language]
    assert mixed(workplace.folder, language) == [(words.instruction, words.mended)]


# Without a script and without a mouse, the kind of database makes no difference.
@pytest.mark.parametrize("workplace", ["sqlite"], indirect=True)
def test_the_story_without_a_script(workplace: Server, meet):
    play(gather(workplace, meet, "hi", java_script_enabled=False), "hi")
    # Two were written. One of them waits, so a mixture of two cannot be made.
    told = mix(workplace.folder, "hi", 2)
    assert told.returncode == 2 and "mix.dose" in told.stderr, told.stderr


@pytest.mark.parametrize("workplace", ["sqlite"], indirect=True)
def test_the_story_with_the_keyboard_alone(workplace: Server, meet):
    play(gather(workplace, meet, "es", kind=Typist), "es")
