"""An answer's text while its tokens come in: what can be shown already, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class StopFinder:
    """Cuts a growing text before the first stop that is complete; of two, before the longer one.

    What may be the beginning of a stop is held back, so that nothing is shown and taken back.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = tuple(stops)
        self.held = ""
        self.found = False

    def add(self, text: str) -> str:
        """Return what can be shown now that `text` has come."""
        if self.found or not self.stops:
            return "" if self.found else text
        self.held += text
        place = self._first_stop()
        if place is not None:
            self.found = True
            shown, self.held = self.held[:place], ""
            return shown
        keep = self._open()
        cut = len(self.held) - keep
        shown, self.held = self.held[:cut], self.held[cut:]
        return shown

    def end(self) -> str:
        """Return what was held back and has become no stop."""
        shown, self.held = self.held, ""
        return shown

    def _first_stop(self) -> int | None:
        """Return where the stop begins that ends first; None if there is none."""
        places = [(self.held.find(stop), len(stop)) for stop in self.stops]
        found = [(place + size, place) for place, size in places if place >= 0]
        return min(found)[1] if found else None

    def _open(self) -> int:
        """Return how many characters at the end may be the beginning of a stop."""
        longest = min(len(self.held), max(map(len, self.stops)) - 1)
        for size in range(longest, 0, -1):
            tail = self.held[-size:]
            if any(stop.startswith(tail) for stop in self.stops):
                return size
        return 0


class Margins:
    """Leaves out the white space around a growing text, as `pinch generate` does."""

    def __init__(self) -> None:
        self.begun, self.held = False, ""

    def add(self, text: str) -> str:
        """Return what can be shown: white space waits for what comes after it."""
        text = self.held + text if self.begun else text.lstrip()
        shown = text.rstrip()
        self.begun = self.begun or bool(shown)
        self.held = text[len(shown) :]
        return shown


class Writing:
    """One answer's text. `strip` leaves out the white space around it."""

    def __init__(self, tokenizer: Any, stops: Sequence[str] = (), strip: bool = True) -> None:
        from tokenizers.decoders import DecodeStream

        self._tokenizer, self._raw = tokenizer, tokenizer.backend_tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._stops, self._margins = StopFinder(stops), Margins() if strip else None
        self._ids: list[int] = []
        self._seen = ""

    @property
    def stopped(self) -> bool:
        """True if a stop was found: nothing more is shown."""
        return self._stops.found

    def add(self, token: int) -> str:
        """Return what can be shown now that a token has come."""
        self._ids.append(token)
        new = self._stream.step(self._raw, token) or ""
        self._seen += new
        return self._show(new)

    def end(self) -> str:
        """Return the rest: also of a letter whose bytes have not all come."""
        whole: str = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        rest = whole[len(self._seen) :] if whole.startswith(self._seen) else ""
        shown = self._stops.add(rest)
        if not self._stops.found:
            shown += self._stops.end()
        return self._margins.add(shown) if self._margins else shown

    def _show(self, text: str) -> str:
        shown = self._stops.add(text)
        return self._margins.add(shown) if self._margins else shown
