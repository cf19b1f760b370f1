from __future__ import annotations

import random

import pytest
import torch
from batched import Tiny, make_prompts, run, said

from pinchtune.model import rows
from pinchtune.model.pick import Draw
from pinchtune.serving import batch as module


@pytest.fixture(scope="module")
def tiny(tiny_model):
    return Tiny(tiny_model, repetition_penalty=1.1)


@pytest.mark.parametrize(("slots", "piece", "room"), [(1, 512, 64), (4, 5, 3), (16, 512, 64)])
@pytest.mark.parametrize("seed", [0, 1])
def test_answers_are_the_offline_ones_whenever_they_begin(
    tiny, monkeypatch, slots, piece, room, seed
):
    monkeypatch.setattr(module, "PIECE", piece)
    monkeypatch.setattr(rows, "ROOM", room)
    rng, prompts = random.Random(seed), make_prompts(14, seed=seed)
    expected = tiny.offline(prompts, 30)
    assert len({len(answer) for answer in expected}) > 3
    batch, jobs, steps = tiny.batch(slots), [], 0
    coming = list(prompts)
    while coming or batch.busy:
        for _ in range(rng.choice([0, 0, 1, 3])):
            if coming:
                jobs.append(tiny.job(coming.pop(0), 30))
                batch.waiting.append(jobs[-1][0])
        batch.step()
        steps += 1
        assert steps < 2000
    assert [said(pieces) for _, pieces in jobs] == [tiny.text(ids) for ids in expected]
    assert [job.tokens for job, _ in jobs] == [len(ids) for ids in expected]
    finishes = [pieces[-1].finish for _, pieces in jobs]
    assert finishes == ["length" if len(ids) == 30 else "stop" for ids in expected]
    assert set(finishes) == {"stop", "length"}


def test_those_who_leave_do_not_disturb_those_who_stay(tiny, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 7)
    prompts = make_prompts(10, seed=3)
    expected = [tiny.text(ids) for ids in tiny.offline(prompts, 40)]
    batch, rng = tiny.batch(3), random.Random(5)
    jobs = [tiny.job(ids, 40) for ids in prompts]
    batch.waiting.extend(job for job, _ in jobs)
    gone = set()
    while batch.busy:
        batch.step()
        if rng.random() < 0.2:
            which = rng.randrange(10)
            if not jobs[which][0].ended:
                jobs[which][0].ended = True
                gone.add(which)
    assert 2 < len(gone) < 8
    for i, (_, pieces) in enumerate(jobs):
        assert expected[i].startswith(said(pieces))
        assert i in gone or said(pieces) == expected[i]


def test_everybody_can_leave_while_prompts_are_read(tiny, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 2)
    batch = tiny.batch()
    job, pieces = tiny.job(make_prompts(1, 40, seed=8)[0] * 3, 5)
    batch.waiting.append(job)
    batch.step()
    job.ended = True
    run(batch)
    other, heard = tiny.job([2, 5, 9], 5)
    batch.waiting.append(other)
    run(batch)
    assert not pieces and heard[-1].finish


def test_each_answer_has_its_own_limit(tiny):
    batch = tiny.batch()
    jobs = [tiny.job([2, 50], limit) for limit in (1, 2, 3)]
    batch.waiting.extend(job for job, _ in jobs)
    run(batch)
    longest = tiny.offline([[2, 50]], 3)[0]
    assert [job.tokens for job, _ in jobs] == [min(n, len(longest)) for n in (1, 2, 3)]


def test_sampling_depends_on_the_seed_and_not_on_the_neighbours(tiny):
    def draw(seed, neighbours):
        batch = tiny.batch(8)
        job, pieces = tiny.job([2, 9, 30], 12, draw=Draw(1.5, torch.Generator().manual_seed(seed)))
        others = [tiny.job(ids, 30)[0] for ids in make_prompts(neighbours, seed=seed)]
        batch.waiting.extend([*others, job])
        run(batch)
        return said(pieces)

    drawn = [draw(seed, 0) for seed in range(6)]
    assert drawn == [draw(seed, 5) for seed in range(6)]
    assert len(set(drawn)) > 3


def test_the_likeliest_tokens_stay_so_beside_sampled_ones(tiny):
    expected = tiny.text(tiny.offline([[2, 77, 80]], 20)[0])
    batch = tiny.batch()
    job, pieces = tiny.job([2, 77, 80], 20)
    noisy = [
        tiny.job(ids, 30, draw=Draw(2.0, torch.Generator().manual_seed(1)))[0]
        for ids in make_prompts(3)
    ]
    batch.waiting.extend([*noisy, job])
    run(batch)
    assert said(pieces) == expected


def test_a_stop_ends_an_answer(tiny):
    prompt = next(p for p in make_prompts(40) if len(tiny.text(tiny.offline([p], 30)[0])) > 12)
    whole = tiny.text(tiny.offline([prompt], 30)[0])
    batch = tiny.batch()
    job, pieces = tiny.job(prompt, 30, stops=(whole[6:8],))
    batch.waiting.append(job)
    run(batch)
    assert said(pieces) == whole[: whole.index(whole[6:8])].rstrip()
    assert pieces[-1].finish == "stop"


def test_a_failed_model_ends_all_answers(tiny):
    batch = tiny.batch(1)
    jobs = [tiny.job([2, 5], 9) for _ in range(3)]
    batch.waiting.extend(job for job, _ in jobs)
    batch.step()
    batch.fail()
    assert [pieces[-1].finish for _, pieces in jobs] == ["failed"] * 3
    assert not batch.busy
