"""What a judge costs is estimated beforehand and never passes its limit."""

from __future__ import annotations

import random
import threading
import time

import pytest

from pinchtune.errors import RunError
from pinchtune.evaluation.cost import (
    Bill,
    Budget,
    Prices,
    estimate_messages,
    estimate_tokens,
    most_tokens,
)


def test_prices():
    assert Prices(2.5, 10).cost(400_000, 50_000) == pytest.approx(1.0 + 0.5)


@pytest.mark.model
@pytest.mark.slow
def test_tokens_are_about_those_of_a_real_tokenizer(responses):
    from pinchtune.model.load import load_tokenizer

    tokenizer = load_tokenizer("gemma-3-270m")
    for language in {code for code, _ in responses}:
        texts = [text for code, text in responses if code == language]
        true = sum(len(tokenizer(t, add_special_tokens=False).input_ids) for t in texts)
        assert sum(map(estimate_tokens, texts)) == pytest.approx(true, rel=0.3), language


def test_tokens():
    assert estimate_tokens("") == 0
    assert estimate_tokens("The order has arrived, thank you.") in range(7, 12)
    assert estimate_tokens("ご注文の品が届きました。") in range(5, 10)
    assert estimate_tokens("𓀀\ud800 👩‍👩‍👧") in range(4, 9)


@pytest.mark.parametrize("text", ["", "abc", "日本語", "👩‍👩‍👧", "\ud800", '"\\\n'])
def test_no_tokenizer_makes_more_than_a_token_of_a_byte(text):
    messages = [{"role": "user", "content": text}]
    assert most_tokens(messages) >= len(text.encode("utf-8", "replace"))
    assert most_tokens(messages) > estimate_messages(messages)


def test_a_bill_in_words():
    bill = Bill(480, 12, 310_000, 42_120, 1.234, 0.0, True)
    assert bill.text() == (
        "468 requests to the judge (12 are stored): about 310,000 tokens in and 42,120 out; "
        "cost about 1.23"
    )
    assert Bill(2, 0, 9, 9, 0.0, 0.0, False).text().endswith("; no price is set")
    assert (
        Bill(2, 1, 9, 9, 1.0, 2.0, True).text().endswith("cost about 1.00, 2.00 are paid already")
    )


def spend(budget: Budget, most: float, cost: float) -> bool:
    try:
        with budget.room(most):
            budget.pay(cost)
    except RunError:
        return False
    return True


def test_a_request_must_fit_in_at_its_worst():
    budget = Budget(1.0, 0.5)
    assert spend(budget, 0.5, 0.2)
    assert not spend(budget, 0.31, 0.0)
    assert spend(budget, 0.3, 0.3)
    assert not spend(budget, 0.01, 0.0)


def test_no_limit():
    assert all(spend(Budget(0.0, 99), 99, 99) for _ in range(3))


def test_the_refusal_says_what_to_do():
    with pytest.raises(RunError) as caught, Budget(1.0, 0.9).room(0.2):
        pass
    assert str(caught.value) == (
        "judge.cost_limit: the next request could pass 1.00 (0.90 are spent); raise it and run "
        "the command again, what is paid for is kept"
    )


def test_what_fails_holds_nothing():
    budget = Budget(1.0)
    for _ in range(5):
        with pytest.raises(KeyError), budget.room(0.9):
            raise KeyError
    assert spend(budget, 1.0, 1.0)


def test_who_does_not_fit_in_waits_for_what_others_hold():
    budget, held = Budget(1.0), threading.Event()

    def work() -> None:
        with budget.room(0.6):
            held.set()
            time.sleep(0.05)
            budget.pay(0.1)

    thread = threading.Thread(target=work)
    thread.start()
    held.wait()
    assert spend(budget, 0.6, 0.6)
    thread.join()
    assert budget.spent == pytest.approx(0.7)


def test_others_are_waited_for_and_the_limit_holds():
    budget, rng, done = Budget(1.0), random.Random(0), []

    def work() -> None:
        for _ in range(40):
            cost = rng.uniform(0, 0.02)
            try:
                with budget.room(0.02):
                    time.sleep(0.0005)
                    budget.pay(cost)
                    done.append(cost)
            except RunError:
                return

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert 0.98 < budget.spent <= 1.0  # all was used but what one more could have cost
    assert len(done) > 50
