from collections import Counter

import pytest

from pinchtune.evaluation.closeness import chrf


def by_hand(answer, reference, order=6, beta=2):
    """Popović (2015): mean precision and recall of character n-grams without spaces."""
    texts = ["".join(text.split()) for text in (answer, reference)]
    scores = []
    for n in range(1, order + 1):
        grams = [Counter(t[i : i + n] for i in range(len(t) - n + 1)) for t in texts]
        if grams[0] and grams[1]:
            shared = (grams[0] & grams[1]).total()
            scores.append((shared / grams[0].total(), shared / grams[1].total()))
    precision, recall = (sum(s[i] for s in scores) / len(scores) for i in (0, 1))
    if not precision + recall:
        return 0.0
    return 100 * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


@pytest.mark.parametrize(
    "answer, reference",
    [
        ("the cat sat on the mat", "the cat is on the mat"),
        ("請求書をお送りします。", "請求書は昨日お送りしました。"),
        ("добрый день", "добрый вечер, коллеги"),
    ],
)
def test_against_the_formula(answer, reference):
    assert chrf(answer, reference) == pytest.approx(by_hand(answer, reference), abs=1e-6)


def test_bounds():
    assert chrf("one and the same", "one and the same") == pytest.approx(100)
    assert chrf("", "something") == 0
    assert chrf("日本語", "English") == 0
