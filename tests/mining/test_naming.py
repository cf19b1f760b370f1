from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pinchtune.mining.naming import Asked, find_terms, name_clusters


def test_terms_of_scripts_without_spaces():
    assert find_terms("注文をキャンセルしたい") == ["注文", "キャンセル"]
    assert find_terms("Cancel the ORDER [phone] 123") == ["cancel", "the", "order"]
    everything = "[url] [e-mail] [IBAN] [card] [identifier] [phone] [name]"
    assert find_terms(f"to my {everything}") == ["to", "my"]
    assert all(len(term) >= 3 for term in find_terms("ยกเลิกคำสั่งซื้อ"))
    assert find_terms("ยกเลิกคำสั่งซื้อ")


@given(st.text())
def test_any_text_has_terms_or_none(text: str):
    assert all(find_terms(text))


def test_clusters_are_named_by_what_they_have_more_of():
    asked = [
        Asked(0, "cancel my order", 1),
        Asked(0, "cancel the order", 9),
        Asked(1, "reset my password", 1),
        Asked(1, "the password is lost", 1),
    ]
    found = name_clusters(asked)
    assert set(found[0][:2]) == {"cancel", "order"} and found[1][0] == "password"
    everywhere = [Asked(k, f"the {word} the", 1) for k, word in enumerate(["zebra", "yak", "wolf"])]
    assert [terms[0] for terms in name_clusters(everywhere).values()] == ["zebra", "yak", "wolf"]
    assert name_clusters(asked[::-1]) == found


def test_articles_of_a_language_name_no_cluster():
    texts = {
        "es": ["de la leche", "de la harina", "de la bici", "de la moto"],
        "en": ["the milk of it", "the flour of it", "the bike of it", "the tram of it"],
    }
    # Spanish is asked in the first cluster more than in the second.
    asked = [Asked(0, text, 5, "es") for text in texts["es"][:2]]
    asked += [Asked(1, text, 1, "es") for text in texts["es"][2:]]
    asked += [Asked(n // 2, text, 2, "en") for n, text in enumerate(texts["en"])]
    found = name_clusters(asked)
    assert set(found[0][:4]) == {"leche", "harina", "milk", "flour"}
    assert set(found[1][:4]) == {"bici", "moto", "bike", "tram"}


def test_a_single_cluster_is_named_by_its_most_frequent_terms():
    asked = [Asked(0, "lost parcel", 3, "en"), Asked(0, "lost card", 1, "en")]
    assert name_clusters(asked)[0] == ["lost", "parcel", "card"]
