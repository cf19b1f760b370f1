"""Who gets which arm."""

from __future__ import annotations

import stat

from pinchtune.abtest.assignment import assigned_arm, hide_user, make_salt
from pinchtune.abtest.plan import Plan

ARMS = ("production", "candidate")
PLAN = Plan(ARMS, ("es", "ja"))


def test_split_is_within_binomial_noise():
    for split, most in ((0.5, 4), (0.9, 4)):
        plan = Plan(ARMS, ("es",), split=split)
        first = sum(assigned_arm(plan, b"s", f"u{n}", "es") == ARMS[0] for n in range(20_000))
        assert abs(first - 20_000 * split) < most * (20_000 * split * (1 - split)) ** 0.5


def test_languages_and_salts_are_dealt_anew():
    users = [f"u{n}" for n in range(2_000)]
    by = {
        (salt, language): [assigned_arm(PLAN, salt, u, language) for u in users]
        for salt in (b"a", b"b")
        for language in ("es", "ja")
    }
    keys = list(by)
    for one in keys:
        for other in keys[keys.index(one) + 1 :]:
            same = sum(a == b for a, b in zip(by[one], by[other], strict=True))
            assert 900 < same < 1_100


def test_a_hash_does_not_tell_the_arm_or_the_user():
    assert hide_user(b"s", "利用者 🙂\ud800") == hide_user(b"s", "利用者 🙂\ud800")
    hidden = [hide_user(b"s", f"u{n}") for n in range(2_000)]
    assert len(set(hidden)) == 2_000 and not any(h == "u1" for h in hidden)
    arms = [assigned_arm(PLAN, b"s", f"u{n}", "es") for n in range(2_000)]
    low = [arm for h, arm in zip(hidden, arms, strict=True) if int(h[0], 16) < 8]
    assert 0.4 < low.count(ARMS[0]) / len(low) < 0.6


def test_salt_is_for_the_owner_alone(tmp_path):
    make_salt(tmp_path / "one")
    make_salt(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
