"""The layers of a model by place, whatever its style: Llama, Qwen, Gemma and their kin.

A layer is counted from 0. What is asked for and not found is a UsageError, never a guess.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from pinchtune.errors import UsageError


def decoder_layers(model: Any) -> nn.ModuleList:
    """Return the layers in their order; the list is the model's own, so it may be changed."""
    decoder, count = model.get_decoder(), model.config.get_text_config().num_hidden_layers
    lists = [m for m in decoder.children() if isinstance(m, nn.ModuleList) and len(m) == count]
    if len(lists) != 1:
        raise _unknown(model, "one list of layers")
    return lists[0]


def final_norm(model: Any) -> nn.Module:
    """Return the norm between the last layer and the output layer."""
    children = model.get_decoder().named_children()
    norms: list[nn.Module] = [m for name, m in children if "norm" in name]
    if len(norms) != 1:
        raise _unknown(model, "one norm after its layers")
    return norms[0]


def neuron_modules(model: Any) -> list[nn.Module]:
    """Return of each layer the module whose output [B, T, W] is the activation of its neurons."""
    parts = [getattr(layer, "mlp", None) for layer in decoder_layers(model)]
    found = [getattr(part, "act_fn", None) for part in parts]
    if not all(isinstance(module, nn.Module) for module in found):
        raise _unknown(model, "an MLP with an activation function in each layer")
    return [module for module in found if isinstance(module, nn.Module)]


def linear_names(model: Any, last: int) -> list[str]:
    """Return the full names of all linear layers inside the last so many layers."""
    inside = {id(m) for layer in last_layers(model, last) for m in layer.modules()}
    modules = model.named_modules()
    return [name for name, m in modules if isinstance(m, nn.Linear) and id(m) in inside]


def last_layers(model: Any, count: int) -> list[nn.Module]:
    """Return the last `count` layers; UsageError if there are not so many."""
    layers = decoder_layers(model)
    if count > len(layers):
        raise UsageError(
            f"train.last_layers: the model has {len(layers)} layers, not {count}; lower it"
        )
    return list(layers)[len(layers) - count :]


def has_dropout(model: Any) -> bool:
    """Return True if tuning draws random numbers in the layers."""
    config = model.config.get_text_config()
    modules = [m for m in model.modules() if isinstance(m, nn.Dropout) and m.p > 0]
    return bool(modules or getattr(config, "attention_dropout", 0.0))


def softcap(model: Any) -> float:
    """Return what the logits are capped at; 0 if they are not."""
    return float(getattr(model.config.get_text_config(), "final_logit_softcapping", None) or 0.0)


def _unknown(model: Any, what: str) -> UsageError:
    return UsageError(
        f"{type(model).__name__}: {what} was expected and is not there; its layers cannot be told "
        "apart, use a model in the style of Llama, Qwen or Gemma"
    )
