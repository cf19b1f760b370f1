"""A version's weights, ready to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinchtune.config import Config
from pinchtune.errors import UsageError
from pinchtune.serving.local import Loaded

if TYPE_CHECKING:
    from pinchtune.releasing import Version


def load_version(version: Version, config: Config) -> Loaded:
    """Return a version in memory; an adapter is merged, which answers six times as quickly."""
    from pinchtune.model.chat import end_token_ids
    from pinchtune.model.decode import Decoder, can_decode, make_picker
    from pinchtune.model.packed import pack_layers
    from pinchtune.serving.batch import Batch
    from pinchtune.stages.probing import load_folder

    settings = config.model.model_copy(update={"base": version.base})
    model, tokenizer = load_folder(version.model_path, settings)
    if not can_decode(model):
        raise UsageError(
            f"{version.name}: this kind of model cannot be served here; run it behind another "
            "server, and name that under [serve.upstreams]"
        )
    if config.model.kernels == "auto":
        pack_layers(model)
    # Each request samples by itself, so the picker of all takes the likeliest.
    greedy = config.generate.model_copy(update={"temperature": 0.0})
    picker = make_picker(model, greedy)
    decoder = Decoder(model, picker, end_token_ids(tokenizer), config.serve.slots)
    return Loaded(version.name, version.seal, tokenizer, Batch(decoder, config.serve.slots))
