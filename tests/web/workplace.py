"""Who works in the tests' workplace, and what they browse it with."""

from __future__ import annotations

import re
from typing import Any

from argon2 import PasswordHasher
from lxml import html
from starlette.testclient import TestClient

from pinchtune.store import Grant, Settings, Store, people
from pinchtune.store.settings import write_settings

PASSWORD = "a long enough password"
PEOPLE = {
    "Ada": (Grant("administrator"),),
    "Ana": (Grant("author", "es"),),
    "Beto": (Grant("author", "es"),),
    "Carla": (Grant("approver", "es"),),
    "Dora": (Grant("approver", ""), Grant("author", "")),
    "Jun": (Grant("author", "ja"),),
    "Rita": (Grant("reader"),),
}
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def furnish(made: Store) -> None:
    """Let everybody in, and say what is collected."""
    link = people.bootstrap(made)
    assert link
    ada = people.accept(made, link, "Ada", PASSWORD, "en")
    for name, grants in PEOPLE.items():
        if name != "Ada":
            people.accept(made, people.invite(made, ada, grants, name), name, PASSWORD, "en")
    write_settings(
        made, ada, Settings("Filters", ("es", "ja", "ar"), {"es": 40, "ja": 10}, "CC0-1.0")
    )


class Browser(TestClient):
    """A visitor: reads pages, fills in their forms."""

    token = ""

    def see(self, path: str, status: int = 200, **options: Any) -> str:
        response = self.get(path, **options)
        assert response.status_code == status, response.text[:2000]
        self._keep(response.text)
        return response.text

    def fill(self, path: str, status: int = 200, files: Any = None, **fields: Any) -> str:
        fields.setdefault("form_token", self.token)
        response = self.post(path, data=fields, files=files)
        assert response.status_code == status, response.text[:3000]
        self._keep(response.text)
        return response.text

    def ask(self, path: str, status: int = 200, **fields: Any) -> dict[str, Any]:
        """Send a form as the script of the pages does."""
        fields.setdefault("form_token", self.token)
        response = self.post(path, data=fields, headers={"Accept": "application/json"})
        assert response.status_code == status, response.text[:2000]
        answer = response.json()
        assert isinstance(answer, dict)
        return answer

    def log_in(self, name: str, password: str = PASSWORD) -> Browser:
        self.see("/log-in")
        self.fill("/log-in", name=name, password=password)
        return self

    def _keep(self, page: str) -> None:
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
        self.token = found[1] if found else self.token


def form_of(page: str, id: str) -> dict[str, str]:
    """Return the fields of a form as a browser would send them, without its buttons."""
    form = html.fromstring(page).get_element_by_id(id)
    # HTML drops the first line break of a textarea; this parser keeps it.
    return {
        name: value.removeprefix("\n") if form.inputs[name].tag == "textarea" else value
        for name, value in form.form_values()
    }
