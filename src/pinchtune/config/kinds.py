"""What an option can be: the kinds of value of pinch.toml, and a table of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pinchtune.errors import UsageError
from pinchtune.languages import get_language

ENGLISH = "en"


def _known_language(code: str) -> str:
    try:
        return get_language(code).code
    except UsageError as error:
        raise ValueError(str(error)) from error


LanguageCode = Annotated[str, AfterValidator(_known_language)]
# Strict: TOML has types, and `dose = true` or `dose = "4"` is a slip.
Seed = Annotated[int, Field(strict=True)]
Positive = Annotated[Seed, Field(gt=0)]
Count = Annotated[Seed, Field(ge=0)]
Number = Annotated[float, Field(strict=True)]
Share = Annotated[Number, Field(ge=0, le=1)]
Price = Annotated[Number, Field(ge=0)]


class Section(BaseModel):
    """A table of pinch.toml: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
