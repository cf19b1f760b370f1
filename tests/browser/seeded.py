"""A workplace in the middle of its work: people, examples in every state, glossary, opinions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time

from visitor import PASSWORD

from asked import PICKS, SUBJECTS, write_mined, write_selection
from pinchtune import Project
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.records import Exchange
from pinchtune.abtest.running import start_test
from pinchtune.data.mix import ARMS
from pinchtune.files import RunFolder, write_jsonl
from pinchtune.stages import abtest
from pinchtune.stages.people import name_answers
from pinchtune.store import (
    Grant,
    Person,
    Row,
    Settings,
    Store,
    Term,
    Text,
    examples,
    glossary,
    open_store,
    people,
    reviews,
    rounds,
    templates,
)
from pinchtune.store.rounds import Material, Round
from pinchtune.store.settings import write_settings
from throwaway import CHEAP

LANGUAGES = ("es", "ja", "ar")
AUTHORS = {"es": "Ana Ruiz", "ja": "山田 結衣", "ar": "أمل حداد"}
APPROVERS = {"es": "Carla Soto", "ja": "佐藤 潤", "ar": "زيد قاسم"}
REASONS = {
    "es": "La respuesta promete una fecha que no podemos cumplir. Di qué día se envía.",
    "ja": "部品の型番と、必要な工具も書いてください。",
    "ar": "اذكر مقاس الفلتر والأداة اللازمة، ولا تعِد بموعد لا نستطيع الوفاء به.",
}
TERMS = {
    "es": ("albarán", "bomba de calor", "válvula de retención", "plazo de entrega", "frigorífico"),
    "ja": ("見積もり", "納期", "逆止弁", "検収", "仕切り価格"),
    "ar": ("مضخة", "صمام", "موعد التسليم", "عربون", "فاتورة"),
}
ASKED = {
    "es": ("¿Cuándo llega la bomba de calor?", "Llega el jueves.\nAvisaremos por teléfono."),
    "ja": ("逆止弁の納期を教えてください。", "通常は三営業日です。"),
    "ar": ("متى تصل المضخة؟", "تصل يوم الخميس."),
}
HIDDEN = "¿Qué significa \u202eecalper\u202c en la factura? <script>alert(1)</script>"
BROKEN = """language,instruction,response
es,¿Cómo se abre la tapa?,Gire la tapa hacia la izquierda.
es,,Una respuesta sin pregunta.
ja,フィルターの型番は。,本体の裏に書いてあります。
"""
TERM_LIST = "term,variants,enquiries\ncaudal,flujo,12\njunta tórica,,muchas\n"


@dataclass(frozen=True)
class Workplace:
    """What tests need to find their way in it."""

    store: Store
    admin: Person
    reader: Person
    helper: Person
    """Author and approver of every language."""
    author: dict[str, Person]
    approver: dict[str, Person]

    def row(self, language: str, status: str, template: str = "", source: bool = False) -> Row:
        """Return the first example in a state."""
        found = examples.find(self.store, self.admin, language=language, status=status, limit=200)
        return next(row for row in found.rows if bool(row.source_id) == source)

    def term(self, language: str) -> Term:
        return glossary.list_terms(self.store, language)[0]

    def rounds(self) -> list[Round]:
        """Return the rounds of judging, of either kind."""
        return rounds.all_rounds(self.store)

    def session(self, person: Person, locale: str) -> str:
        """Return the cookie of a person who reads the pages in a locale."""
        people.set_locale(self.store, person, locale)
        return people.start_session(self.store, person)


def fill(folder: Path, odd: bool = True) -> Workplace:
    """Fill a project: its workplace, and a finished mining run and choice beside it."""
    (folder / "pinch.toml").write_text('name = "seeded"\n[ab]\nkeep_text = true\n', "utf-8")
    write_mined(folder / "runs", SUBJECTS if odd else SUBJECTS[:3])
    write_selection(folder / "runs", picks=PICKS if odd else PICKS[:3])
    for arm in ARMS:
        run = RunFolder(folder / "runs/answers" / arm, "made up")
        run.start()
        write_jsonl(run.path / "answers.jsonl", [])
        run.finish({})
    _answer(folder)
    return seed(folder / "collect.db", odd, name_answers(Project.open(folder)))


def _answer(folder: Path) -> None:
    """Start an A/B test in which a question was answered in each language."""
    start_test(folder, Plan(("production", "candidate"), LANGUAGES), "Ada")
    live = abtest.live(Project.open(folder))
    for number, (language, words) in enumerate(ASKED.items()):
        arm = live.route("kim", language)
        live.record(
            Exchange(
                f"{number:032x}", time(), "kim", arm, "v1", language, language, *words,
                tokens=9, seconds=1.0, first_seconds=0.2, status=200,
            )
        )  # fmt: skip
    live.close()


def seed(address: str | Path, odd: bool = True, answers: str = "made up") -> Workplace:
    """Fill a new database; with one odd text, unless it is for show."""
    store = open_store(address, hasher=CHEAP)
    admin = people.accept(store, people.bootstrap(store) or "", "Ada Lindqvist", PASSWORD)
    write_settings(
        store,
        admin,
        Settings("Filters and pumps", LANGUAGES, dict.fromkeys(LANGUAGES, 40), "CC0-1.0"),
    )
    made = _gather(store, admin)
    for language in LANGUAGES:
        _fill_glossary(made, language)
        _write_examples(made, language)
    if odd:
        _write_odd_one(made)
    _open_rounds(made, answers)
    _hand_over(made)
    _rate(made)
    return made


def _join(store: Store, admin: Person, name: str, *grants: Grant) -> Person:
    return people.accept(store, people.invite(store, admin, grants, name), name, PASSWORD)


def _gather(store: Store, admin: Person) -> Workplace:
    author = {
        code: _join(store, admin, name, Grant("author", code, "Madrid" if code == "es" else ""))
        for code, name in AUTHORS.items()
    }
    approver = {
        code: _join(store, admin, name, Grant("approver", code), Grant("author", code))
        for code, name in APPROVERS.items()
    }
    reader = _join(store, admin, "Rita Berg", Grant("reader"))
    helper = _join(store, admin, "Dora Klein", Grant("approver"), Grant("author"))
    gone = _join(store, admin, "Tom Bauer", Grant("author", "es", "Bilbao"))
    people.deactivate(store, admin, gone.id)
    people.invite(store, admin, [Grant("author", "hi", "Pune")], "Priya", "priya@example.com")
    return Workplace(store, admin, reader, helper, author, approver)


def _fill_glossary(made: Workplace, language: str) -> None:
    for place, term in enumerate(TERMS[language]):
        note = "delivery note" if term == "albarán" else ""
        variants = ("nota de entrega", "remito") if note else ()
        glossary.add(made.store, made.admin, language, term, variants, note, 112 - 23 * place)


def _write_examples(made: Workplace, language: str) -> None:
    """One of each template: drafts, waiting ones, approved ones, one that was sent back."""
    shown = templates.list_templates(made.store, language)
    for place, template in enumerate(shown):
        text = Text(template.instruction, template.response, "CC0-1.0", "pumps")
        row = examples.create(
            made.store, made.author[language], language, text, template=template.kind
        )
        _decide(made, row, ("approved", "submitted", "rejected", "draft", "approved")[place % 5])


def _write_odd_one(made: Workplace) -> None:
    """Hidden characters, markup, and what may be somebody's number."""
    draft = Text(HIDDEN, "Llame al 612 345 678 o escriba a ana.ruiz@example.com.")
    row = examples.create(made.store, made.author["es"], "es", draft)
    examples.submit(made.store, made.author["es"], row.id, row.revision)


def _decide(made: Workplace, row: Row, status: str) -> None:
    if status == "draft":
        return
    row = examples.submit(made.store, made.author[row.language], row.id, row.revision)
    approver = made.helper
    if status == "approved":
        examples.approve(made.store, approver, row.id, row.revision)
    if status == "rejected":
        reason = REASONS[row.language]
        examples.send_back(made.store, approver, row.id, row.revision, reason)


def _open_rounds(made: Workplace, answers: str) -> None:
    """Answers to judge: a response of the language, and one to the same in another."""
    shown = {code: templates.list_templates(made.store, code) for code in LANGUAGES}
    found = [
        Material(
            f"{code} {n}",
            "x",
            code,
            [("user", template.instruction)],
            (template.response, shown[other][n].response),
        )
        for code, other in _pairs(LANGUAGES)
        for n, template in enumerate(shown[code][:4])
    ]
    for mode in rounds.MODES:
        rounds.open_round(made.store, made.admin, found, answers, mode)


def _hand_over(made: Workplace) -> None:
    """Every language has something to translate from another one."""
    for source, target in _pairs(LANGUAGES):
        row = made.row(source, "approved")
        to = made.author[target].id if target == "ja" else None
        examples.hand_over(made.store, made.helper, row.id, target, to)


def _pairs(codes: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(codes, (*codes[1:], codes[0])))


def _rate(made: Workplace) -> None:
    """A sample for second opinions: rated by one, partly by a second approver."""
    reviews.sample(made.store, made.helper, 1.0)
    for person, verdicts in (
        (made.helper, ("good", "good", "bad", "good")),
        *((made.approver[code], ("good", "unsure")) for code in LANGUAGES),
    ):
        for row, verdict in zip(reviews.to_rate(made.store, person), verdicts):
            reviews.rate(made.store, person, row.id, verdict)
