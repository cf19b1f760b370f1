"""Operations on examples: write, hand in, decide, hand over. The rules stand in the store."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query

from pinchtune.store import Row, examples
from pinchtune.store.texts import check_complete, check_text
from pinchtune.web.api.access import Caller, StoreHere
from pinchtune.web.api.errors import describe
from pinchtune.web.api.models import (
    LONGEST_NAME,
    AtRevision,
    HandOver,
    Language,
    Name,
    NewRow,
    PageOut,
    RowOut,
    SaveIn,
    SendBack,
    Status,
    VersionOut,
)

router = APIRouter(prefix="/rows", tags=["examples"])
Id = Annotated[str, Path(max_length=64, description="Id of the example.")]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=LONGEST_NAME,
        description="The same key again makes no second example, but returns the first.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[Name, Query(description="`next` of the page before.")]
CHANGES = describe(403, 404, 409)


@router.get("", responses=describe())
def list_rows(
    store: StoreHere,
    caller: Caller,
    language: Language | None = None,
    status: Status | None = None,
    author: Name = "",
    text: Annotated[Name, Query(description="Found in instruction or response.")] = "",
    mine: Annotated[bool, Query(description="Written by, or assigned to, yourself.")] = False,
    limit: Limit = 50,
    after: After = "",
) -> PageOut:
    """List the examples that you may see, the newest first."""
    page = examples.find(
        store,
        caller,
        language=language or "",
        status=status or "",
        author=author,
        text=text,
        mine=mine,
        limit=limit,
        after=after,
    )
    return PageOut(rows=[RowOut.of(row) for row in page.rows], next=page.after or None)


@router.post("", status_code=201, responses=describe(403))
def create_row(store: StoreHere, caller: Caller, new: NewRow, key: Key = "") -> RowOut:
    """Write a new example; it is a draft unless `submit` hands it in."""
    text = check_text(new.text())
    if new.submit:
        check_complete(text)  # before anything is stored, so that no half of the request stays
    row = examples.create(
        store,
        caller,
        new.language,
        text,
        site=new.site,
        template=new.template,
        origin="api",
        key=key,
    )
    if new.submit and row.status == "draft":
        row = examples.submit(store, caller, row.id, row.revision)
    return RowOut.of(row)


@router.get("/{id}", responses=describe(404))
def get_row(store: StoreHere, caller: Caller, id: Id) -> RowOut:
    """Read one example."""
    return RowOut.of(examples.get(store, caller, id))


@router.put("/{id}", responses=CHANGES)
def save_row(store: StoreHere, caller: Caller, id: Id, new: SaveIn) -> RowOut:
    """Save a draft, or an example that was sent back, with a new text."""
    return RowOut.of(examples.save(store, caller, id, new.text(), new.revision))


@router.post("/{id}/submit", responses=CHANGES)
def submit_row(store: StoreHere, caller: Caller, id: Id, seen: AtRevision) -> RowOut:
    """Hand an example to the approvers."""
    return RowOut.of(examples.submit(store, caller, id, seen.revision))


@router.post("/{id}/withdraw", responses=CHANGES)
def withdraw_row(store: StoreHere, caller: Caller, id: Id, seen: AtRevision) -> RowOut:
    """Take back what you handed in, to write on."""
    return RowOut.of(examples.withdraw(store, caller, id, seen.revision))


@router.post("/{id}/approve", responses=CHANGES)
def approve_row(store: StoreHere, caller: Caller, id: Id, seen: AtRevision) -> RowOut:
    """Approve what was handed in; never what holds words of your own."""
    return RowOut.of(examples.approve(store, caller, id, seen.revision))


@router.post("/{id}/send-back", responses=CHANGES)
def send_back_row(store: StoreHere, caller: Caller, id: Id, seen: SendBack) -> RowOut:
    """Give an example back to its author, with a reason."""
    return RowOut.of(examples.send_back(store, caller, id, seen.revision, seen.reason))


@router.post("/{id}/edit", responses=CHANGES)
def edit_row(store: StoreHere, caller: Caller, id: Id, new: SaveIn) -> RowOut:
    """Mend an example as its approver; the new version then needs another approver."""
    return RowOut.of(examples.edit(store, caller, id, new.revision, new.text()))


@router.post("/{id}/hand-over", status_code=201, responses=CHANGES)
def hand_over_row(store: StoreHere, caller: Caller, id: Id, task: HandOver) -> RowOut:
    """Ask for an approved example in another language; returns the new, empty draft."""
    return RowOut.of(examples.hand_over(store, caller, id, task.language, task.to))


@router.get("/{id}/parallels", responses=describe(404))
def list_parallels(store: StoreHere, caller: Caller, id: Id) -> list[RowOut]:
    """Read the same example in other languages."""
    found: list[Row] = examples.parallels(store, caller, id)
    return [RowOut.of(row) for row in found]


@router.get("/{id}/versions", responses=describe(404))
def list_versions(store: StoreHere, caller: Caller, id: Id) -> list[VersionOut]:
    """Read every text of an example that was handed in, with what was decided on it."""
    return [VersionOut.of(version) for version in examples.versions(store, caller, id)]
