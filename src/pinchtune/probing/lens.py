"""What each layer would say next: the logit lens, as shares of languages.

nostalgebraist, *interpreting GPT: the logit lens* (2020): the last norm and the output layer,
applied to the state that a layer leaves at the place of the next token. Wendler et al., *Do Llamas
Work in English?* (ACL 2024), read from it how likely the English and the target word are.

An answer has no single right word, so the shares here are those of groups of tokens:

    target, english    tokens with letters that stand in the parallel texts of the one language and
                       never in those of the other; what both have, and what neither has, is
                       neither. This works for any two languages, but sees the words of these
                       texts alone.
    script, latin      tokens with letters of the language's script, and with Latin letters; only of
                       languages that are never written in Latin letters. These see every word, but
                       not which of the languages of that script it is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinchtune.languages import get_language, letter_pattern
from pinchtune.model.alignment import pad_rows, plan_batches
from pinchtune.model.layers import final_norm, softcap
from pinchtune.patterns import compile_pattern

GROUPS = ("target", "english", "script", "latin")
LATIN = "Latn"
_PIECE = "\N{REPLACEMENT CHARACTER}"
"""What a token is decoded to that holds a part of a letter."""


class Seen(NamedTuple):
    """What the lens shows of some prompts."""

    places: list[int]
    """Which prompts, by their place in the list."""
    layer: int
    """From 0; the last one is what the model itself says."""
    logits: Tensor
    """Of the token after the prompt, float32 [N, V]."""


@torch.inference_mode()
def see_layers(model: Any, prompts: Sequence[list[int]], pad: int) -> Iterator[Seen]:
    """Yield what each layer would say after prompts given as tokens, a batch at a time."""
    norm, head, cap = final_norm(model), model.get_output_embeddings(), softcap(model)
    for places in plan_batches([len(ids) for ids in prompts]):
        ids, mask = pad_rows([prompts[i] for i in places], pad, model.device)
        found = model.get_decoder()(
            input_ids=ids, attention_mask=mask, use_cache=False, output_hidden_states=True
        )
        at = torch.arange(len(places), device=ids.device), mask.sum(dim=1) - 1
        layers = found.hidden_states[1:]
        for k, states in enumerate(layers):
            # The last of them has been through the norm already.
            rows = states[at] if k == len(layers) - 1 else norm(states[at])
            logits = head(rows).float()
            yield Seen(places, k, cap * torch.tanh(logits / cap) if cap else logits)


class Vocabulary:
    """The tokens of a model as text: which have letters, and of which script."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        """Read the tokens below `size`, the width of the output layer."""
        self.tokenizer, self.size = tokenizer, size
        known = range(min(size, len(tokenizer)))
        texts: list[str] = tokenizer.batch_decode([[i] for i in known])
        special = set(tokenizer.all_special_ids)
        self.texts = ["" if i in special else text for i, text in enumerate(texts)]
        self._known: dict[str, NDArray[np.bool_]] = {}

    def with_letters(self, script: str) -> NDArray[np.bool_]:
        """Return [V], True for tokens with a letter of a writing system."""
        return self._match(letter_pattern(script))

    def of_texts(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Return [V], True for tokens with letters, or parts of them, that stand in the texts."""
        used = np.zeros(self.size, bool)
        for text in texts:
            used[self.tokenizer(text, add_special_tokens=False).input_ids] = True
        return used & self._match(compile_pattern(rf"[\p{{L}}{_PIECE}]"))

    def _match(self, pattern: Any) -> NDArray[np.bool_]:
        if pattern.pattern not in self._known:
            found = np.zeros(self.size, bool)
            found[[i for i, text in enumerate(self.texts) if pattern.search(text)]] = True
            self._known[pattern.pattern] = found
        return self._known[pattern.pattern]


def group_tokens(
    vocabulary: Vocabulary, language: str, own: Sequence[str], english: Sequence[str]
) -> NDArray[np.bool_]:
    """Return [V, 4], which tokens belong to each of GROUPS; `script` is empty where it is Latin."""
    mine, theirs = vocabulary.of_texts(own), vocabulary.of_texts(english)
    columns = [mine & ~theirs, theirs & ~mine]
    if has_own_script(language):
        scripts = [vocabulary.with_letters(s) for s in get_language(language).scripts]
        columns += [np.logical_or.reduce(scripts), vocabulary.with_letters(LATIN)]
    else:
        columns += [np.zeros(vocabulary.size, bool)] * 2
    return np.stack(columns, axis=1)


def has_own_script(language: str) -> bool:
    """True if the script alone tells the language from English."""
    return LATIN not in get_language(language).scripts


def measure_shares(
    model: Any, prompts: Sequence[list[int]], pad: int, groups: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return [L, N, G], the probability that each layer gives to each group of tokens [V, G]."""
    weights = torch.from_numpy(groups).float().to(model.device)
    layers = int(model.config.get_text_config().num_hidden_layers)
    shares = np.zeros((layers, len(prompts), groups.shape[1]), np.float32)
    for seen in see_layers(model, prompts, pad):
        shares[seen.layer, seen.places] = (seen.logits.softmax(-1) @ weights).cpu().numpy()
    return shares
