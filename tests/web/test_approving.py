"""Approving: the queue, the decision, the second person, second opinions, handing over."""

from __future__ import annotations

import re

from workplace import form_of

from pinchtune.store import Term, examples, glossary, reviews


def test_the_first_page_of_an_approver(browse, write, person, store):
    write(status="submitted")
    glossary.add(store, person("Ada"), "es", "caudal", enquiries=12)
    page = browse("Carla").see("/")
    assert 'href="/queue?language=es"><span class="big">1</span>' in page
    assert "caudal" in page and "Waiting for approval" in page and 'href="/write' not in page


def test_the_queue_opens_the_oldest_with_everything_beside_it(browse, write, person, store):
    first, second = write(status="submitted", n=1), write(status="submitted", n=2)
    glossary.add_many(store, person("Ada"), [Term("", "es", "filtro")])
    page = browse("Carla").see("/queue")
    assert f'action="/rows/{first.id}/approve"' in page and "filtro</bdi>" in page
    assert f'row={second.id}" data-key="j"' in page.replace("&amp;", "&")
    for key in "aes":
        assert f'data-key="{key}"' in page
    assert "One before" in page


def test_what_one_has_written_oneself_is_not_counted(browse, write):
    write("Dora", status="submitted", n=1)
    write("Ana", status="submitted", n=2)
    tile = r'href="/queue\?language=es"><span class="big">(\d+)</span>'
    for name, waiting in (("Dora", "1"), ("Carla", "2")):
        assert re.findall(tile, browse(name).see("/")) == [waiting]
    tab = r'language=es" aria-current="true">Spanish <span class="count">(\d+)'
    assert re.findall(tab, browse("Dora").see("/queue?language=es")) == ["1"]


def test_approving_leads_to_the_next_one(browse, write, person, store):
    first, second = write(status="submitted", n=1), write(status="submitted", n=2)
    browser = browse("Carla")
    browser.see("/queue?language=es")
    target = f"/queue?language=es&row={second.id}"
    page = browser.fill(f"/rows/{first.id}/approve", revision=first.revision, next=target)
    assert "Approved." in page and f'action="/rows/{second.id}/approve"' in page
    assert examples.get(store, person("Carla"), first.id).status == "approved"


def test_what_goes_back_comes_to_its_author_with_the_reason(browse, write):
    row = write(status="submitted")
    browser = browse("Carla")
    browser.see("/queue")
    assert "Say why" in browser.fill(f"/rows/{row.id}/send-back", 422, revision=row.revision)
    browser.fill(f"/rows/{row.id}/send-back", revision=row.revision, reason="Falta el <tamaño>")
    author = browse("Ana")
    assert "Falta el &lt;tamaño&gt;" in author.see("/")
    page = author.see(f"/rows/{row.id}/edit")
    assert "Why it came back" in page
    fields = form_of(page, "example")
    again = author.fill(f"/rows/{row.id}/edit", 422, **fields, act="submit")
    assert "Change the example before you submit it again." in again
    fields = form_of(again, "example") | {"response": "De 10 por 20 centímetros."}
    assert "Submitted." in author.fill(f"/rows/{row.id}/edit", **fields, act="submit")


def test_nobody_approves_their_own_words(browse, write, person, store):
    own = write("Dora", status="submitted")
    browser = browse("Dora")
    assert own.id not in browser.see("/queue?language=es")
    assert "somebody else has to approve" in browser.see(f"/rows/{own.id}")
    page = browser.fill(f"/rows/{own.id}/approve", 403, revision=own.revision)
    assert "words of your own" in page
    assert examples.get(store, person("Dora"), own.id).status == "submitted"


def test_a_mended_example_needs_a_second_person(browse, write, person, store):
    row = write(status="submitted")
    browser = browse("Carla")
    page = browser.see(f"/rows/{row.id}/revise")
    assert "A second person has to approve it" in page
    same = form_of(page, "example")
    assert "Nothing was changed" in browser.fill(f"/rows/{row.id}/revise", 422, **same)
    browser.fill(f"/rows/{row.id}/revise", **same | {"response": "Con agua fría, dos veces."})
    newer = examples.get(store, person("Carla"), row.id)
    assert newer.version == 2 and newer.status == "submitted"
    browser.fill(f"/rows/{row.id}/approve", 403, revision=newer.revision)
    assert "Version 2 by Carla" in browser.see(f"/rows/{row.id}")
    second = browse("Dora")
    second.see("/queue")
    assert "Approved." in second.fill(f"/rows/{row.id}/approve", revision=newer.revision)


def test_an_old_decision_is_told_what_has_changed(browse, write, person, store):
    row = write(status="submitted")
    browser = browse("Carla")
    browser.see("/queue")
    examples.withdraw(store, person("Ana"), row.id, row.revision)
    page = browser.fill(f"/rows/{row.id}/approve", 409, revision=row.revision)
    assert "Somebody has changed this example" in page and row.text.response in page


def test_only_approvers_see_the_queue(browse, write):
    row = write(status="submitted")
    for name in ("Ana", "Rita", "Ada"):
        assert "Only an approver" in browse(name).see("/queue", 403)
    browser = browse("Beto")
    browser.see("/")
    browser.fill(f"/rows/{row.id}/approve", 403, revision=row.revision)
    browser.fill(f"/rows/{row.id}/send-back", 403, revision=row.revision, reason="x")
    browser.see(f"/rows/{row.id}/revise", 403)


def test_an_approved_example_is_handed_over_and_translated(browse, write, person, store):
    row = write(status="approved")
    browser = browse("Carla")
    assert "Hand over to another language" in browser.see(f"/rows/{row.id}")
    page = browser.fill(f"/rows/{row.id}/hand-over", language="ja", to=person("Jun").id)
    assert "Handed over." in page and "Not begun yet" in page
    page = browser.fill(f"/rows/{row.id}/hand-over", 409, language="ja")
    assert "exists in Japanese already" in page
    author = browse("Jun")
    assert "From Spanish into Japanese" in author.see("/")
    task = examples.tasks(store, person("Jun"))[0]
    page = author.see(f"/rows/{task.id}/edit")
    assert row.text.instruction in page and "Translate" in page
    fields = form_of(page, "example") | {"instruction": "掃除方法は?", "response": "水洗いします。"}
    author.fill(f"/rows/{task.id}/edit", **fields, act="submit")
    assert "水洗いします。" in browser.see(f"/rows/{row.id}")


def test_second_opinions_and_their_agreement(browse, write, person, store):
    rows = [write(status="approved", n=n) for n in range(4)]
    browser = browse("Dora")
    assert "Not known yet" in browser.see("/second")
    page = browser.fill("/second", share="100")
    assert page.count("Would you approve it?") == 4
    for row, verdict in zip(rows, ("good", "good", "bad", "unsure"), strict=True):
        browser.fill(f"/second/{row.id}", verdict=verdict, note="")
        reviews.rate(store, person("Carla"), row.id, verdict)
    page = browser.see("/second")
    assert "1.00" in page and "nothing for you to rate" in page
    browser.fill(f"/second/{rows[0].id}", 422, verdict="perfect")
    assert "Only an approver" in browse("Ana").see("/second", 403)
