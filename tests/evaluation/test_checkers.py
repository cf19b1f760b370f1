"""Each checker on answers written by hand: some that follow, near misses, and what is unscored."""

import unicodedata

import pytest

from pinchtune.evaluation.checking.checkers import CHECKERS, Context
from pinchtune.evaluation.checking.column import CheckSpec
from pinchtune.evaluation.checking.following import follow
from pinchtune.evaluation.checking.texts import (
    count_characters,
    count_term,
    count_words,
    split_sentences,
)
from pinchtune.evaluation.checking.writing import get_writing

YES, NO, NONE = True, False, None
CASES = {
    # language, parameters, answer, followed?
    "language": [
        ("fi", {}, "Tämä on lyhyt vastaus suomeksi.", YES),
        ("fi", {}, "This is a short answer in English.", NO),
        ("en", {"language": "ja"}, "これは日本語で書いた短い答えです。", YES),
        ("ja", {}, "This is English.", NO),
        ("ja", {}, "No.", NO),  # two letters tell that it is not Japanese
        ("fi", {}, "Ei.", NONE),  # too short to tell from other languages in Latin letters
        ("fi", {}, "42", NONE),
        ("fi", {"language": "de"}, "Das ist eine kurze Antwort auf Deutsch.", NONE),  # no candidate
    ],
    "script": [
        ("ja", {"script": "Hira"}, "らーめんを 1 つください。", YES),
        ("ja", {"script": "Hira"}, "ラーメンをください。", NO),
        ("ar", {"script": "Arab"}, "مُدَرِّسٌ جديد، رقم 5!", YES),  # with vowel signs
        ("ru", {"script": "Cyrl"}, "Напишите по e-mail.", NO),
        ("es", {"script": "Latn"}, unicodedata.normalize("NFD", "Mañana será así."), YES),
        ("ru", {"script": "Cyrl"}, "12!", NONE),
    ],
    "avoids_script": [
        ("ja", {"script": "Latn"}, "締め切りという意味です。", YES),
        ("ja", {"script": "Latn"}, "期限（ＯＫ）です。", NO),  # full-width letters are letters
        ("hi", {"script": "Latn"}, "यह 5 बजे है।", YES),
    ],
    "words": [
        ("en", {"exactly": 4}, "Don't e-mail at 10:30.", YES),
        ("en", {"at_most": 3}, "One two three four", NO),
        ("hi", {"exactly": 3}, "मैं हिंदी बोलता।", YES),
        ("he", {"exactly": 2}, 'ארה"ב ובית־ספר', YES),
        ("ja", {"at_least": 1}, "これは文です。", NONE),
    ],
    "characters": [
        ("zh", {"exactly": 7}, "今天天气很好。", YES),
        ("hi", {"exactly": 4}, "नमस्ते!", YES),
        ("en", {"exactly": 3}, "é👨\u200d👩\u200d👧\n!", YES),
        ("en", {"at_most": 5}, "Hello!", NO),
    ],
    "sentences": [
        ("en", {"exactly": 2}, "Dr. Smith pays 3.50 e.g. in cash. He said “Stop!” and left.", YES),
        ("en", {"exactly": 3}, "One. Two? “Three!”", YES),
        ("en", {"exactly": 1}, "One. Two.", NO),
        ("en", {"exactly": 3}, "J. Smith drives 40 km/h. It is 30 °C. He stops.", YES),
        ("en", {"exactly": 2}, "first check it. then (e.g. by train) go.", YES),
        ("cs", {"exactly": 1}, "Přijdu 10. května v 8 hod. ráno.", YES),
        ("hi", {"exactly": 2}, "यह अच्छा है। धन्यवाद!", YES),
        ("hi", {"exactly": 2}, "यह अच्छा है. धन्यवाद.", YES),
        ("ja", {"exactly": 2}, "「はい。」と言った。本当ですか？", YES),
        ("ja", {"exactly": 1}, "長さは３．５メートルです。", YES),
        ("zh", {"exactly": 3}, "好的！没问题。谢谢", YES),
        ("ar", {"exactly": 2}, "هل أنت هنا؟ نعم.", YES),
        ("en", {"exactly": 3}, "Here is a list:\n- apples\n- pears", YES),
        ("el", {"exactly": 2}, "Τι κάνεις; Είμαι καλά.", YES),
        ("th", {"exactly": 1}, "สวัสดีครับ", NONE),
    ],
    "paragraphs": [
        ("en", {"exactly": 2}, "One.\nStill one.\n \nTwo.", YES),
        ("en", {"exactly": 2}, "One.\nTwo.", NO),
        ("en", {"exactly": 2, "separator": "***"}, "One.\n***\nTwo.\n***", YES),
        ("en", {"exactly": 3, "separator": "***"}, "One. *** *** Two.", NO),
    ],
    "list_items": [
        ("en", {"exactly": 2}, "Buy:\n- **milk**\n- bread", YES),
        ("en", {"exactly": 0}, "**Milk** and bread.\n---\n-5 degrees", YES),
        ("en", {"exactly": 2, "kind": "number"}, "1. Milk\n2) 3 eggs", YES),
        ("en", {"exactly": 0, "kind": "number"}, "10:30 start\n3.5 kg", YES),
        ("ar", {"exactly": 2, "kind": "number"}, "١. حليب\n٢. خبز", YES),
        ("zh", {"exactly": 3, "kind": "number"}, "一、茶\n② 水\n（3）糖", YES),
        ("ja", {"exactly": 2, "mark": "・"}, "・茶\n･水\n-糖", YES),
        ("en", {"exactly": 2, "mark": "-"}, "- tea\n* water", NO),
    ],
    "contains": [
        ("en", {"terms": ["Invoice", "to-morrow"]}, "The INVOICE comes to-morrow.", YES),
        ("en", {"terms": ["invoice"]}, "Invoices are late.", NO),
        ("fi", {"terms": ["lasku"]}, "Laskun saa huomenna.", NO),  # an inflected form
        ("ja", {"terms": ["請求書"]}, "新請求書類です。", YES),  # no words to be whole
        ("ja", {"terms": ["Wi-Fi"]}, "Ｗｉ－Ｆｉを使う。", YES),
        ("tr", {"terms": ["coffee"], "at_least": 2}, "coffee, coffeeshop", NO),
        ("es", {"terms": ["así"]}, unicodedata.normalize("NFD", "Es así."), YES),
        ("hi", {"terms": ["कल"]}, "कला", NO),
        ("en", {"terms": ["it’s  here"]}, "IT'S\nhere!", YES),
        ("en", {"terms": ["a.b"]}, "axb", NO),
    ],
    "avoids": [
        ("en", {"terms": ["good"]}, "Goodness, this is fine.", YES),
        ("en", {"terms": ["good", "bad"]}, "Not “Bad”.", NO),
        ("zh", {"terms": ["好"]}, "你好", NO),
    ],
    "starts_with": [
        ("en", {"text": "Thank you"}, "“THANK  you for asking.”", YES),
        ("en", {"text": "Thank you"}, "Sure! Thank you.", NO),
        ("es", {"text": "«Sí»"}, "Sí» es una palabra.", YES),
        ("ja", {"text": "はい！"}, "はい!わかりました", YES),
    ],
    "ends_with": [
        ("en", {"text": "See you soon!"}, "Come in. See you soon!\n", YES),
        ("en", {"text": "See you soon!"}, "See you soon! Bye.", NO),
        ("ru", {"text": "До встречи!"}, "«Ждём вас. До встречи!»", YES),
    ],
    "json": [
        ("en", {}, "[1, 2]", YES),
        ("hi", {"keys": ["क़ीमत"]}, '```json\n{"क़ीमत": 3, "x": null}\n```', YES),
        ("en", {"keys": ["name"]}, '{"Name": 1}', NO),
        ("en", {"keys": ["name"]}, '["name"]', NO),
        ("en", {}, 'Here it is: {"name": 1}', NO),
        ("en", {}, '{"name": NaN}', NO),
        ("en", {}, "[" * 100_000, NO),
        ("en", {}, "9" * 10_000, NO),
    ],
    "digits": [
        ("ar", {"system": "arab"}, "من ٩ إلى ١٧", YES),
        ("ar", {"system": "arab"}, "من ٩ إلى 17", NO),
        ("ja", {"system": "fullwide"}, "９時です。", YES),
        ("hi", {"system": "deva"}, "नौ बजे", NO),  # no digit at all
    ],
    "no_commas": [
        ("en", {}, "One and two; three.", YES),
        ("en", {}, "1,000", NO),
        ("ar", {}, "واحد، اثنان", NO),
        ("ja", {}, "はい、そうです。", NO),
        ("zh", {}, "红、黄、蓝", YES),  # the enumeration mark is no comma
    ],
    "letter_case": [
        ("ru", {"case": "upper"}, "ОСТОРОЖНО! 5 °C", YES),
        ("es", {"case": "upper"}, "PISO 1º", YES),
        ("en", {"case": "upper"}, "WET floor", NO),
        ("en", {"case": "upper"}, "123", NO),
        ("en", {"case": "lower"}, "wet floor", YES),
        ("ja", {"case": "upper"}, "HELLO", NONE),
    ],
    "title": [
        ("en", {}, "<<News>>\nText", YES),
        ("en", {}, "<< >>", NO),
        ("en", {}, "<News>", NO),
        ("ja", {"open": "【", "close": "】"}, "お知らせ【時間】", YES),
        ("ja", {"open": "【", "close": "】"}, "【】時間", NO),
    ],
    "register": [
        ("ja", {"level": "polite"}, "明日は休みです。よろしくお願いいたします。", YES),
        ("ja", {"level": "polite"}, "何時に来られますか？ありがとう！以上、連絡まで。", YES),
        ("ja", {"level": "polite"}, "明日は休みです。雨が降ると思う。", NO),
        ("ja", {"level": "plain"}, "明日は休みだ。雨が降っているよね。寒いけど。", YES),
        ("ja", {"level": "plain"}, "明日は休みである。雨でしょう。", NO),
        ("ja", {"level": "plain"}, "雨ではなかった。静かな町。", YES),
        ("ja", {"level": "polite"}, "皆さん！資料を送ってくださいませ。ご覧になりましたか？", YES),
        ("ja", {"level": "polite"}, "ありがとう！", NONE),
        ("ja", {"level": "polite"}, "本日休業", NONE),
        ("es", {"level": "polite"}, "¿Cómo está usted?", NONE),
    ],
    "placeholders": [
        ("en", {"at_least": 2}, "Dear [name], see [place].", YES),
        ("en", {"at_least": 1}, "[ ] Dear name", NO),
        ("ja", {"exactly": 2}, "［氏名］様、[日付]に", YES),
    ],
    "quoted": [
        ("en", {}, '"Yes."', YES),
        ("en", {}, "“Sleep well.”.", YES),
        ("en", {}, '"Yes', NO),
        ("en", {}, '""', NO),
        ("en", {}, '"', NO),
        ("fi", {}, "”Hyvää yötä”", YES),
        ("ja", {}, "「おやすみ」", YES),
        ("en", {}, "「Good night」", NO),
    ],
    "repeats": [
        ("en", {"text": "What is it?"}, "what is IT?\nIt is a cup.", YES),
        ("en", {"text": "What is it?"}, "What is it?", NO),
        ("en", {"text": "What is it?"}, "It is a cup. What is it?", NO),
    ],
    "two_answers": [
        ("en", {}, "One\n******\nTwo", YES),
        ("en", {"separator": "=="}, "One==One", NO),
        ("en", {"separator": "=="}, "One==Two==Three", NO),
        ("en", {"separator": "=="}, "==One==Two==", YES),
    ],
    "postscript": [
        ("en", {"mark": "P.S."}, "Thanks!\nP. S. Call me.", YES),
        ("en", {"mark": "P.S."}, "Thanks! P.S. Call me.", NO),
        ("en", {"mark": "P.S."}, "Thanks!\nP.S.", NO),
        ("en", {"mark": "P.S."}, "\nP.S. Call me.", NO),
        ("he", {"mark": "נ.ב."}, "תודה!\nנ.ב. נדבר מחר", YES),
    ],
}


def test_every_checker_has_cases_of_both_kinds():
    assert CASES.keys() == CHECKERS.keys()
    for name, cases in CASES.items():
        assert {YES, NO} <= {outcome for *_, outcome in cases}, name


@pytest.mark.parametrize(
    ("name", "language", "given", "answer", "outcome"),
    [(name, *case) for name, cases in CASES.items() for case in cases],
)
def test_checker(identifier, name, language, given, answer, outcome):
    context = Context(get_writing(language), identifier)
    assert follow(answer, CheckSpec(name, given), context) is outcome


@pytest.mark.parametrize("name", CHECKERS)
def test_an_empty_answer_follows_nothing(identifier, name):
    given = {"script": "Latn", "system": "latn", "at_most": 9, "case": "upper", "level": "polite"}
    given |= {"terms": ["x"], "text": "x", "mark": "P.S."}
    context = Context(get_writing("ja" if name == "register" else "en"), identifier)
    for answer in ("", " \n\t"):
        assert follow(answer, CheckSpec(name, given), context) is False


def test_counts_follow_what_a_reader_counts():
    assert count_words("Well-known facts (and figures) - 3,000 of them…") == 7
    assert count_characters(" à b \r\n c ") == 6
    assert count_term("Kaffee KAFFEE kaffee-Haus Kaffeehaus", "kaffee") == 3


def test_a_row_changes_what_a_language_needs_and_nothing_else():
    sentences = "Hello! This is nr. Five."
    assert len(split_sentences(sentences, get_writing("en"))) == 3
    assert len(split_sentences(sentences, get_writing("et"))) == 2
    assert (
        get_writing("pt-BR").code == "pt" and get_writing("uz").quotes == get_writing("tl").quotes
    )
    assert get_writing("uk").cased and not get_writing("ka").cased and not get_writing("zh").spaced
