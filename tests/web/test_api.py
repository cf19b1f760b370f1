"""The JSON API: what each role may do, what is refused and how, and that nothing breaks it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from workplace import HASHER, furnish

from pinchtune.store import Grant, Person, Settings, Store, Term, open_store, people
from pinchtune.store import examples as stored
from pinchtune.store.glossary import add_many
from pinchtune.store.settings import write_settings
from pinchtune.web.api import make_api
from pinchtune.web.api.access import BODY_BYTES, Limiter
from pinchtune.web.app import make_app

WORDS = {"instruction": "¿Cómo cambio el filtro?", "response": "Gire la tapa y sáquelo."}


class Api(TestClient):
    """The API as somebody calls it."""

    def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        response = self.request(method, f"/api/v1{path}", **options)
        assert response.status_code == status, response.text
        if status >= 400:
            assert set(response.json()) == {"error"}
            assert response.json()["error"]["message"]
        return response.json()

    def refused(self, method: str, path: str, status: int, **options: Any) -> dict[str, Any]:
        error: dict[str, Any] = self.ask(method, path, status, **options)["error"]
        return error


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, workplace, tmp_path, new_database) -> Iterator[Store]:
    """The workplace in both kinds of databases."""
    if request.param == "sqlite":
        found = open_store(shutil.copy(workplace, tmp_path / "collect.db"), hasher=HASHER)
    else:
        found = open_store(new_database("postgresql", migrated=True), hasher=HASHER)
        furnish(found)
    yield found
    found.close()


@pytest.fixture
def call(store: Store, person: Callable[[str], Person]) -> Callable[..., Api]:
    """Return the API for the token of a person; for nobody without a name."""
    app = make_app(store)

    def api(name: str = "") -> Api:
        client = Api(app)
        if name:
            token = people.create_token(store, person(name), "test")
            client.headers["Authorization"] = f"Bearer {token}"
        return client

    return api


def test_the_story_of_an_example(call):
    ana, carla = call("Ana"), call("Carla")
    row = ana.ask("POST", "/rows", 201, json={"language": "es", **WORDS})
    assert (row["status"], row["origin"], row["author_name"]) == ("draft", "api", "Ana")
    path = f"/rows/{row['id']}"
    row = ana.ask("PUT", path, json={**WORDS, "domain": "filters", "revision": row["revision"]})
    assert row["domain"] == "filters"
    row = ana.ask("POST", f"{path}/submit", json={"revision": row["revision"]})
    reason = {"revision": row["revision"], "reason": "Say which cap."}
    row = carla.ask("POST", f"{path}/send-back", json=reason)
    assert ana.ask("GET", path)["reason"] == "Say which cap."
    text = {**WORDS, "response": "Gire la tapa azul y sáquelo."}
    row = ana.ask("PUT", path, json={**text, "revision": row["revision"]})
    row = ana.ask("POST", f"{path}/submit", json={"revision": row["revision"]})
    row = carla.ask("POST", f"{path}/approve", json={"revision": row["revision"]})
    assert row["status"] == "approved"
    found = carla.ask("GET", "/approved")["examples"]
    assert [e["response"] for e in found] == ["Gire la tapa azul y sáquelo."]
    assert found[0]["license"] == "CC0-1.0"
    assert "Ana" not in json.dumps(found) and row["author"] not in json.dumps(found)
    decisions = [v["decisions"] for v in carla.ask("GET", f"{path}/versions")]
    assert [d["approved"] for ds in decisions for d in ds] == [False, True]


def test_submitted_at_once_or_not_at_all(call):
    ana = call("Ana")
    row = ana.ask("POST", "/rows", 201, json={"language": "es", **WORDS, "submit": True})
    assert row["status"] == "submitted"
    half = {"language": "es", "instruction": "¿Y esto?", "submit": True}
    error = ana.refused("POST", "/rows", 422, json=half)
    assert "response" in error["message"]
    assert len(ana.ask("GET", "/rows")["rows"]) == 1


def test_nobody_approves_their_own(call):
    dora = call("Dora")  # author and approver of all languages
    row = dora.ask("POST", "/rows", 201, json={"language": "es", **WORDS, "submit": True})
    path, seen = f"/rows/{row['id']}", {"revision": row["revision"]}
    dora.refused("POST", f"{path}/approve", 403, json=seen)
    mended = {**WORDS, "response": "Gire la tapa.", "revision": row["revision"]}
    row = call("Carla").ask("POST", f"{path}/edit", json=mended)
    # Now both have words in it, and neither may approve it.
    seen = {"revision": row["revision"]}
    for name in ("Carla", "Dora"):
        call(name).refused("POST", f"{path}/approve", 403, json=seen)
    assert call("Ana").ask("GET", path)["status"] == "submitted"


ACTS = {
    "submit": {"revision": 0},
    "approve": {"revision": 0},
    "send-back": {"revision": 0, "reason": "No"},
    "edit": {"revision": 0, **WORDS},
    "withdraw": {"revision": 0},
    "hand-over": {"language": "ja"},
}


@pytest.mark.parametrize(
    ("name", "status", "allowed"),
    [
        ("Ana", "draft", {"submit"}),
        ("Ana", "submitted", {"withdraw"}),
        ("Ana", "approved", set()),
        ("Beto", "submitted", set()),
        ("Carla", "submitted", {"approve", "send-back", "edit"}),
        ("Carla", "approved", {"hand-over", "send-back", "edit"}),
        ("Rita", "submitted", set()),
        ("Rita", "approved", set()),
        ("Ada", "submitted", set()),
    ],
)
def test_what_each_role_may_do(name, status, allowed, call, write):
    for act, body in ACTS.items():
        row = write("Ana", "es", status, n=abs(hash(act)) % 10**6)
        body = {**body, **({"revision": row.revision} if "revision" in body else {})}
        response = call(name).post(f"/api/v1/rows/{row.id}/{act}", json=body)
        if act in allowed:
            assert response.is_success, (act, response.text)
        else:
            assert response.status_code in (403, 409), (act, response.text)
            assert "error" in response.json()


def test_who_sees_what(call, write):
    row = write("Ana", "es", "submitted")
    assert call("Rita").ask("GET", f"/rows/{row.id}")["id"] == row.id
    assert call("Beto").ask("GET", "/rows")["rows"][0]["id"] == row.id
    call("Jun").refused("GET", f"/rows/{row.id}", 404)
    assert call("Jun").ask("GET", "/rows")["rows"] == []
    assert call("Jun").ask("GET", "/approved")["examples"] == []
    call("Jun").refused("POST", "/checks", 403, json={"language": "es", **WORDS})
    call("Jun").refused("POST", "/rows", 403, json={"language": "es", **WORDS})
    call("Rita").refused("POST", "/rows", 403, json={"language": "es", **WORDS})


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic QTpC", "Bearer é"])
def test_without_a_token(header, call, store):
    headers = {"Authorization": header.encode()} if header else {}
    client = call()
    for path in ("/rows", "/me", "/status", "/approved", "/rows/x", "/templates"):
        assert client.refused("GET", path, 401, headers=headers)["code"] == "unauthorised"


def test_the_cookie_of_a_session_opens_nothing(call, store, person):
    client = call()
    client.cookies.set("pinch-session", people.start_session(store, person("Ana")))
    client.refused("GET", "/rows", 401)


def test_a_token_ends_with_its_person(call, store, person):
    client = call("Ana")
    assert client.ask("GET", "/me")["name"] == "Ana"
    people.deactivate(store, person("Ada"), person("Ana").id)
    client.refused("GET", "/me", 401)


def test_a_conflict_shows_both_versions(call):
    ana = call("Ana")
    row = ana.ask("POST", "/rows", 201, json={"language": "es", **WORDS})
    path = f"/rows/{row['id']}"
    first = {**WORDS, "response": "Primero.", "revision": row["revision"]}
    ana.ask("PUT", path, json=first)
    error = ana.refused("PUT", path, 409, json={**first, "response": "Segundo."})
    assert (error["code"], error["current"]["response"]) == ("conflict", "Primero.")
    assert error["yours"]["response"] == "Segundo."
    assert ana.ask("GET", path)["response"] == "Primero."


def test_the_same_key_makes_one_example(call):
    ana, new = call("Ana"), {"language": "es", **WORDS, "submit": True}
    rows = [
        ana.ask("POST", "/rows", 201, json=new, headers={"Idempotency-Key": "form-7"})
        for _ in range(3)
    ]
    assert len({row["id"] for row in rows}) == 1
    assert len(ana.ask("GET", "/rows")["rows"]) == 1
    other = call("Beto").ask("POST", "/rows", 201, json=new, headers={"Idempotency-Key": "form-7"})
    assert other["id"] != rows[0]["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"language": "xx", **WORDS}, "language"),
        ({"language": "es; DROP TABLE examples", **WORDS}, "language"),
        ({**WORDS}, "language"),
        ({"language": "es", "instruction": "a\0b"}, "instruction"),
        ({"language": "es", "instruction": "x" * 20_001}, "instruction"),
        ({"language": "es", "instruction": 7}, "instruction"),
        ({"language": "es", "author": "somebody"}, "author"),
        ({"language": "es", "status": "approved"}, "status"),
    ],
)
def test_what_is_wrong_is_named(body, field, call):
    error = call("Ana").refused("POST", "/rows", 422, json=body)
    assert (error["code"], error["field"]) == ("invalid", field)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'{"language":"\\ud800"}', b"\xff"])
def test_what_is_no_body(body, call):
    headers = {"Content-Type": "application/json"}
    call("Ana").refused("POST", "/rows", 422, content=body, headers=headers)


def test_a_body_that_is_too_large(call):
    big = b'{"language":"es","instruction":"' + b"x" * BODY_BYTES + b'"}'
    headers = {"Content-Type": "application/json"}
    ana = call("Ana")
    assert ana.refused("POST", "/rows", 413, content=big, headers=headers)["code"] == "too_large"
    pieces = (big[i : i + 65536] for i in range(0, len(big), 65536))  # no length is announced
    ana.refused("POST", "/rows", 413, content=pieces, headers=headers)


def test_what_is_not_there(call):
    ana = call("Ana")
    assert ana.refused("GET", "/nothing", 404)["code"] == "not_found"
    ana.refused("GET", "/rows/' OR 1=1 --", 404)
    assert ana.refused("DELETE", "/rows", 405)["code"] == "method_not_allowed"


def test_pages_hold_every_row_once(call, write):
    made = {write("Ana", n=n).id for n in range(7)}
    ana, seen, after = call("Ana"), [], ""
    while after is not None:
        page = ana.ask("GET", "/rows", params={"limit": 3, "after": after})
        seen += [row["id"] for row in page["rows"]]
        after = page["next"]
    assert len(seen) == 7 and set(seen) == made
    ana.refused("GET", "/rows", 422, params={"after": "nowhere"})
    ana.refused("GET", "/rows", 422, params={"limit": 0})
    ana.refused("GET", "/rows", 422, params={"status": "gone"})


def test_search_takes_a_text_as_it_is(call, write):
    write("Ana", instruction="100 % sure? _", n=1)
    write("Ana", n=2)
    found = call("Ana").ask("GET", "/rows", params={"text": "100 % SURE? _"})["rows"]
    assert len(found) == 1
    assert call("Ana").ask("GET", "/rows", params={"text": "'; DROP TABLE examples"})["rows"] == []


def test_progress_glossary_coverage_templates(call, store, person, write):
    terms = [Term("", "es", "filtro", enquiries=3), Term("", "es", "bomba", enquiries=9)]
    add_many(store, person("Ada"), terms)
    write("Ana", status="approved")
    write("Beto", status="submitted", n=2)
    rita = call("Rita")
    spanish = next(r for r in rita.ask("GET", "/status")["languages"] if r["language"] == "es")
    assert (spanish["goal"], spanish["approved"], spanish["submitted"]) == (40, 1, 1)
    assert spanish["oldest_waiting"]
    assert [t["term"] for t in rita.ask("GET", "/glossary", params={"language": "es"})] == [
        "bomba",
        "filtro",
    ]
    found = rita.ask("GET", "/coverage", params={"language": "es"})
    assert ([t["term"] for t in found["missing"]], found["share"]) == (["bomba"], 0.5)
    kinds = {t["kind"] for t in rita.ask("GET", "/templates", params={"language": "es"})}
    assert {"howto", "complaint", "refusal"} <= kinds


def test_checks_see_what_is_near_and_store_nothing(call, write):
    row = write("Ana", instruction="¿Cómo limpio el filtro de la cafetera nueva?")
    text = {"language": "es", "instruction": "¿Cómo limpio el filtro de la cafetera nueva?"}
    ana = call("Ana")
    hints = {h["kind"]: h for h in ana.ask("POST", "/checks", json=text)}
    assert hints["near-duplicate"]["values"]["id"] == row.id
    assert hints["empty"]["field"] == "response"
    again = ana.ask("POST", "/checks", json={**text, "id": row.id})
    assert "near-duplicate" not in {h["kind"] for h in again}
    assert len(ana.ask("GET", "/rows")["rows"]) == 1


def test_checks_do_not_tell_what_another_site_wrote(call, store, person, write):
    grants = [Grant("author", "es", "Lima")]
    people.accept(store, people.invite(store, person("Ada"), grants, "Luz"), "Luz", "a long word!")
    row = write("Ana", instruction="¿Cómo limpio el filtro de la cafetera nueva?")
    luz, text = call("Luz"), {"language": "es", "instruction": row.text.instruction}
    luz.refused("GET", f"/rows/{row.id}", 404)
    hints = {h["kind"]: h for h in luz.ask("POST", "/checks", json=text)}
    assert "text" not in hints["near-duplicate"]["values"]
    hints = {h["kind"]: h for h in call("Beto").ask("POST", "/checks", json=text)}
    assert hints["near-duplicate"]["values"]["text"] == row.text.instruction


def test_handing_over_links_both(call, write):
    row = write("Ana", "es", "approved")
    carla = call("Dora")
    task = carla.ask("POST", f"/rows/{row.id}/hand-over", 201, json={"language": "ja"})
    assert (task["source_id"], task["status"], task["language"]) == (row.id, "draft", "ja")
    assert carla.ask("GET", f"/rows/{row.id}/parallels")[0]["id"] == task["id"]
    assert carla.ask("GET", f"/rows/{row.id}")["parallel_id"] == task["parallel_id"] != ""
    carla.refused("POST", f"/rows/{row.id}/hand-over", 409, json={"language": "ja"})


def test_too_many_requests(store, person):
    time = [0.0]
    token = people.create_token(store, person("Ana"), "test")
    app = make_api(
        store,
        limiter=Limiter(3, 1, lambda: time[0]),
        guesses=Limiter(2, 0.5, lambda: time[0]),
    )
    client = TestClient(app, headers={"Authorization": f"Bearer {token}"})
    assert [client.get("/me").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/me").headers["Retry-After"] == "2"
    time[0] += 2
    assert client.get("/me").status_code == 200
    wrong = {"Authorization": "Bearer guess"}
    assert [client.get("/me", headers=wrong).status_code for _ in range(3)] == [401, 401, 429]
    time[0] += 2
    assert client.get("/me", headers=wrong).status_code == 401


def test_the_documentation_is_open_and_complete(call):
    schema = call().ask("GET", "/openapi.json")
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (path, method)
            assert {"401", "422", "429"} <= set(operation["responses"])
            assert operation["security"]
    assert len(schema["paths"]) >= 17


def test_an_unforeseen_error_tells_nothing(store, person, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("the password of the database is 1234")

    monkeypatch.setattr("pinchtune.web.api.project.read_status", fail)
    token = people.create_token(store, person("Ana"), "test")
    client = TestClient(make_api(store), raise_server_exceptions=False)
    response = client.get("/status", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 500
    assert "1234" not in response.text


def test_offered_languages_only(call, store, person):
    write_settings(store, person("Ada"), Settings("Filters", ("ja",), {}))
    call("Dora").refused("POST", "/rows", 422, json={"language": "es", **WORDS})
    assert stored.counts(store) == {}


REAL = {
    "language": "es",
    "reason": "No",
    "after": "",
    "to": None,
    "instruction": "¿Cómo?",
    "response": "Así.",
}


def body_fields(documentation: dict[str, Any], path: str, method: str) -> set[str]:
    """Return the fields that the documentation names for the body of an operation."""
    body = documentation["paths"][path][method].get("requestBody")
    if not body:
        return set()
    name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    return set(documentation["components"]["schemas"][name]["properties"])


def mend(case: Any, real: dict[str, Any], fields: set[str]) -> None:
    """Put in what exists, so that the request comes to where the work is done.

    With `fields`, the whole body is made anew.
    """
    if fields:
        case.body = {name: value for name, value in real.items() if name in fields}
    if "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = real["id"]
    for part in (case.query, case.body):
        if isinstance(part, dict):
            part.update({name: value for name, value in real.items() if name in part})


@pytest.mark.parametrize("name", ["Ana", "Dora"])
def test_no_request_that_the_documentation_allows_breaks_it(name, store, person, write):
    """Schemathesis makes requests, right and wrong ones, from the API's own documentation."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st
    from schemathesis import checks as known

    names = ("not_a_server_error", "status_code_conformance", "content_type_conformance")
    checks = [getattr(known, check) for check in (*names, "response_schema_conformance")]
    statuses = ("draft", "submitted", "approved", "rejected")
    rows = [write("Ana", status=status, n=n) for n, status in enumerate(statuses)]
    token = people.create_token(store, person(name), "test")
    app = make_api(store, limiter=Limiter(10**9, 1), guesses=Limiter(10**9, 1))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 18
    answers: dict[str, set[int]] = {}
    places = [None, *range(len(rows))]
    for operation in operations:
        fields = body_fields(app.openapi(), operation.path, operation.method)
        cases = st.one_of(
            *(operation.as_strategy(generation_mode=m) for m in schemathesis.GenerationMode)
        )

        @given(cases, st.sampled_from(places), st.sampled_from([set(), fields]))
        @settings(
            max_examples=15,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
            deadline=None,
        )
        def hold(case: Any, which: int | None, fields: set[str]) -> None:
            if which is not None:
                row = stored.get(store, person("Ada"), rows[which].id)
                real = {**REAL, "id": row.id, "revision": row.revision}
                mend(case, real, fields)
            (case.headers or {}).pop("Authorization", None)
            response = case.call(headers={"Authorization": f"Bearer {token}"})
            answers.setdefault(case.operation.label, set()).add(response.status_code)
            case.validate_response(response, checks=checks)

        hold()
    # Otherwise the requests never came to where something could break.
    reached = {label for label, found in answers.items() if found & {200, 201, 403, 409}}
    assert len(reached) >= len(operations) - 2, set(answers) - reached
    if name == "Ana":
        assert 200 not in answers["POST /rows/{id}/approve"] | answers["POST /rows/{id}/edit"]
