from __future__ import annotations

import re
import string

import pytest
from markupsafe import Markup
from messages import LOCALES, PLACE, SOURCE, find_messages, read_catalogue

from pinchtune.languages import get_language, script_share
from pinchtune.web.wording import catalogue, list_locales, translator

TRANSLATED = ("ar", "es", "hi", "ja", "zh")
SENTENCES = {message.sentence: message.place for message in find_messages()}
LATIN = re.compile(
    # What stays as it is in every script: names, addresses, units, code.
    r"`[^`]*`|postgresql://\S+|(?<![A-Za-z])(?:pinchtune|PostgreSQL|SQLite|xlsx|CSV|csv|API|MB|JSON|UTC|UTF-8"
    r"|CC0|CC|BY|BY-SA|Excel|LibreOffice|Krippendorff|BCP-47|A|B|ja|pt-BR|es|cp932|URL)(?![A-Za-z])"
)
ENGLISH = re.compile(r"\b(?:the|of|and|is|are|was|to|for|with|not|this|you|your|by|in the)\b", re.I)
VOWELS = re.compile("[\u064b-\u0652]")
"""Arabic vowel marks, which belong to no script."""
SAME_IN_SPANISH: set[str] = set()
"""Sentences that are written alike in English and Spanish."""
WORDS = {
    # One word a thing, always the same one: what stands for each in the head of a catalogue.
    "glossary": {"ar": "مسرد", "es": "glosario", "hi": "शब्दावली", "ja": "用語集", "zh": "术语表"},
    "template": {
        "ar": "قالب|قوالب",
        "es": "plantilla",
        "hi": "टेम्पलेट",
        "ja": "ひな型",
        "zh": "模板",
    },
    "token": {"ar": "رمز|رموز", "es": "clave", "hi": "टोकन", "ja": "トークン", "zh": "令牌"},
    "draft": {"ar": "مسود", "es": "borrador", "hi": "ड्राफ़्ट", "ja": "下書き", "zh": "草稿"},
    "example": {"ar": "مثال|أمثل", "es": "ejemplo", "hi": "उदाहरण", "ja": "例文", "zh": "示例"},
    "goal": {"ar": "هدف|أهداف", "es": "objetivo", "hi": "लक्ष्य", "ja": "目標", "zh": "目标"},
    "instruction": {"ar": "طلب", "es": "petici", "hi": "निर्देश", "ja": "指示", "zh": "指令"},
    "response": {"ar": "إجاب", "es": "respuesta", "hi": "उत्तर", "ja": "模範回答", "zh": "标准回答"},
    "administrator": {
        "ar": "مشرف",
        "es": "administrador",
        "hi": "प्रशासक",
        "ja": "管理者",
        "zh": "管理员",
    },
    "approver": {
        "ar": "معتمِد|معتمد",
        "es": "aprobador",
        "hi": "स्वीकृतिकर्ता",
        "ja": "承認者",
        "zh": "审批人",
    },
    "author": {"ar": "كاتب|كتّاب", "es": "autor", "hi": "लेखक", "ja": "執筆者", "zh": "撰写人"},
}


def places(sentence: str) -> list[str]:
    return sorted(set(PLACE.findall(sentence)))


def bare(sentence: str) -> str:
    """Return a sentence without its values and without what stays as it is everywhere."""
    return LATIN.sub(" ", PLACE.sub(" ", sentence))


def test_every_file_is_a_locale_and_the_source_needs_none():
    assert sorted(list_locales()) == sorted(("en", *TRANSLATED))
    assert sorted(path.stem for path in LOCALES.glob("*.po")) == list(TRANSLATED)
    assert catalogue("en") == {}


def test_sentences_are_found_in_code_and_templates():
    kinds = {place.rsplit(".", 1)[1] for place in SENTENCES.values()}
    assert kinds == {"py", "j2"}
    assert "There is no such example." in SENTENCES  # an error of the store
    assert "Only an author can do this." in SENTENCES  # an entry of a table of the store
    assert "Waiting for approval" in SENTENCES  # a name of a state
    assert SENTENCES["Password"].endswith(".j2")


def test_templates_say_nothing_that_is_not_translated():
    code = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<kbd.*?</kbd>", re.S)
    for path in (SOURCE / "web/templates").glob("*.j2"):
        text = path.read_text("utf-8").replace("{% block look %}", "{% block look %}<")
        text = re.sub(r"<(\w*)(\{% endblock %\})", r"\2", text)
        text = re.sub(r"<[^>]*>", "", code.sub("", text))
        assert not re.search("[A-Za-z]", text.replace("pinchtune", "")), (path.name, text)


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_is_translated_and_nothing_else(locale: str):
    entries = {str(entry.id): entry for entry in read_catalogue(locale) if entry.id}
    assert set(SENTENCES) - set(entries) == set()
    assert set(entries) - set(SENTENCES) == set()
    assert [key for key, entry in entries.items() if entry.fuzzy or not entry.string] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_translations_have_the_same_values(locale: str):
    for sentence, said in catalogue(locale).items():
        assert places(said) == places(sentence), said
        fields = [name for _, name, _, _ in string.Formatter().parse(said) if name is not None]
        values = {name: Markup("x") for name in fields}
        shown = translator(locale)(sentence, **values)
        assert "{" not in shown, said


@pytest.mark.parametrize("locale", TRANSLATED)
def test_translations_are_written_out(locale: str):
    script = get_language(locale).scripts[0]
    for sentence, said in catalogue(locale).items():
        assert said == said.strip(), said
        assert "\n" not in said or "\n" in sentence, said
        if script != "Latn":
            assert script_share(VOWELS.sub("", bare(said)), script) == 1.0, said
            assert not re.search("[A-Za-z]", bare(said)), said


def test_spanish_is_not_english():
    for sentence, said in catalogue("es").items():
        assert not ENGLISH.search(bare(said)), said
        assert (said == sentence) == (sentence in SAME_IN_SPANISH), said


@pytest.mark.parametrize("locale", TRANSLATED)
def test_signs_are_those_of_the_language(locale: str):
    foreign = {
        "ar": r"[,;?]",
        "hi": r"(?<!\d)[.](?:\s|$)",
        "ja": r"[,;?!]|(?<![\s\w}`])\.(?=\s|$)",
        "zh": r"[;?!]|[一-龥],|[一-龥]\.|[ぁ-んァ-ヶ]",
        "es": r"[“”]",
    }[locale]
    for said in catalogue(locale).values():
        assert not re.search(foreign, bare(said)), said
    for sentence, said in catalogue(locale).items():
        if locale == "es":
            assert ("?" in said) == ("¿" in said), said
        if sentence.endswith("."):
            assert said[-1] in ".।。)", (sentence, said)
        elif sentence[-1].isalnum():
            assert said[-1] not in ".।。", (sentence, said)


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_thing_has_one_word(locale: str):
    for word, said_as in WORDS.items():
        for sentence, said in catalogue(locale).items():
            if re.search(rf"\b{word}s?\b", bare(sentence), re.I):
                assert re.search(said_as[locale], said, re.I), (word, sentence, said)
