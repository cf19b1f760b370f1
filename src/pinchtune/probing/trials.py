"""Does a change by hand do what the pinch does? The interventions, answered and scored.

    tune_last      the pinch mixture, with the last n layers tuned alone
    patch_last     the English arm with the last n layers of the pinch arm
    patch_first    the English arm with all but the last n layers of the pinch arm
    steer          the English arm, with a language vector added before its last n layers

Each answers the evaluation prompts as the arms did. Of several seeds the first is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.config import Config
from pinchtune.data.mix import hash_examples
from pinchtune.errors import UsageError
from pinchtune.evaluation.board import Board
from pinchtune.evaluation.measures import MEASURES, Case, Measure
from pinchtune.files import RunFolder, read_jsonl, write_jsonl
from pinchtune.languages import Identifier
from pinchtune.model.generate import Generator, LocalGenerator
from pinchtune.probing.arms import CONTROL, PINCH
from pinchtune.probing.curves import beside
from pinchtune.probing.interventions import (
    SteeredGenerator,
    Vector,
    language_vector,
    patch_layers,
)
from pinchtune.probing.parts import FOLDER, Arrays
from pinchtune.probing.texts import Texts
from pinchtune.progress import Progress
from pinchtune.records import Answer, Example
from pinchtune.stages.generate import (
    PARTIALS,
    answer_arm,
    generate_answers,
    load_weights,
    read_answers,
    weights_key,
)
from pinchtune.stages.project import Project, stage_key, versions
from pinchtune.stages.train import tune_arm, tuned_run

NAMES = ("tune_last", "patch_last", "patch_first", "steer")
SCORED = ("right_language", "chrf", "repetition")
"""Language alone can be right in empty words, so wording and repetition stand beside it."""
Answers = dict[str, list[Answer]]


class Setting(NamedTuple):
    """What is changed, and how much."""

    layers: int
    """How many the model has."""
    last: int
    """How many of them are the last ones."""
    strength: float
    """What the language vector is multiplied by."""

    @property
    def late(self) -> range:
        """The last layers, counted from 0."""
        return range(self.layers - self.last, self.layers)

    @property
    def early(self) -> range:
        """All others; the vector is added to what the last of these leaves."""
        return range(self.layers - self.last)


def make_setting(layers: int, last: int, strength: float) -> Setting:
    """Return the setting; 0 takes the last quarter. UsageError if nothing would be left."""
    found = last or -(-layers // 4)
    if not 0 < found < layers:
        raise UsageError(
            f"--last: the model has {layers} layers; name a number from 1 to {layers - 1}"
        )
    return Setting(layers, found, strength)


def check_trials(project: Project, arms: Sequence[str]) -> None:
    """Raise UsageError if the interventions cannot be made."""
    if project.config.generate.endpoint:
        raise UsageError(
            "generate.endpoint: interventions change weights, and a server's cannot be changed; "
            "add --set generate.endpoint="
        )
    if not {CONTROL, PINCH} <= set(arms):
        raise UsageError(f"--interventions: compares {CONTROL} and {PINCH}; name both, or no arm")


class Trials:
    """The interventions of a project."""

    def __init__(self, project: Project, texts: Texts, setting: Setting) -> None:
        self.project, self.texts, self.setting = project, texts, setting
        self.prompts = project.evaluation_prompts()

    def run(self, states: Arrays, progress: Progress) -> Answers:
        """Return the answers of both arms and of each intervention; `states` are the control's."""
        found: Answers = {}
        for arm in (CONTROL, PINCH):
            answer_arm(self.project, arm, self.prompts, progress)
            found[arm] = read_answers(self.project, arm, self.prompts)
        for name, make in self.makers(states, progress).items():
            found[name] = self._answer(name, make, progress)
        return found

    def makers(self, states: Arrays, progress: Progress) -> dict[str, Callable[[], Generator]]:
        """Return of each intervention what makes the model that answers."""
        return {
            "tune_last": partial(self._tuned, progress),
            "patch_last": partial(self._patched, self.setting.late),
            "patch_first": partial(self._patched, self.setting.early),
            "steer": partial(self._steered, states),
        }

    def key(self, name: str) -> str:
        """Return the key of an intervention's answers: everything that they are made from."""
        config = self.project.config
        inputs: dict[str, Any] = {
            "prompts": [e.id for e in self.prompts],
            "generate": config.generate.model_dump(mode="json"),
            "model": config.model.model_dump(mode="json"),
            "layers": [self.setting.layers, self.setting.last],
        }
        if name == "tune_last":
            inputs["tuning"] = tuned_run(self._narrow, PINCH, self._tuned_folder).key
        else:
            inputs["english"] = weights_key(self.project, CONTROL)
        if name.startswith("patch"):
            inputs["pinch"] = weights_key(self.project, PINCH)
        if name == "steer":
            units = self.texts.units
            inputs["texts"] = {u.file: hash_examples(list(u.rows.values())) for u in units}
            inputs["strength"] = self.setting.strength
        return stage_key(f"probe {name}", inputs)

    def _answer(self, name: str, make: Callable[[], Generator], progress: Progress) -> list[Answer]:
        run = RunFolder(self._folder(name), self.key(name))
        if not run.complete():
            generator = make()
            run.start()
            label = f"answering {name}"
            answers = generate_answers(generator, self.prompts, run.path, label, progress)
            write_jsonl(run.path / "answers.jsonl", (answer.to_row() for answer in answers))
            run.finish({"intervention": name, "versions": versions()}, drop=PARTIALS)
        return [Answer(**row) for _, row in read_jsonl(run.path / "answers.jsonl")]

    def _folder(self, *parts: str) -> Path:
        return self.project.path(FOLDER, "interventions", *parts)

    @property
    def _tuned_folder(self) -> Path:
        return self._folder("tuned_last")

    @property
    def _narrow(self) -> Project:
        """The project as it is, but for the layers that are tuned."""
        config = self.project.config
        train = config.train.model_copy(update={"last_layers": self.setting.last})
        changed = config.model_copy(update={"train": train})
        return replace(self.project, config=changed, first=self.project)

    def _tuned(self, progress: Progress) -> Generator:
        from pinchtune.model.load import load_arm

        run = tune_arm(self._narrow, PINCH, progress, self._tuned_folder)
        return self._generator(load_arm(run.path, self.project.config.model))

    def _patched(self, layers: range) -> Generator:
        english, _ = load_weights(self.project, CONTROL)
        pinch, _ = load_weights(self.project, PINCH)
        return self._generator(patch_layers(english, pinch, layers))

    def _steered(self, states: Arrays) -> Generator:
        english, _ = load_weights(self.project, CONTROL)
        layer = self.setting.early[-1]
        vectors = language_vectors(states, self.texts, layer)
        return SteeredGenerator(self._generator(english), vectors, layer, self.setting.strength)

    def _generator(self, model: Any) -> LocalGenerator:
        from pinchtune.model.packed import pack_layers

        config = self.project.config
        quick = config.model.kernels == "auto"
        if quick:
            pack_layers(model)
        return LocalGenerator(model, self.project.tokenizer, config.generate, quick)


def language_vectors(states: Arrays, texts: Texts, layer: int) -> dict[str, Vector]:
    """Return the vector of each language at a layer, from the states of its parallel texts."""
    both = {pair.unit.code: beside(states, pair) for pair in texts.pairs()}
    return {code: language_vector(own[layer], eng[layer]) for code, (own, eng) in both.items()}


def score_trials(
    prompts: Sequence[Example], answers: Mapping[str, Sequence[Answer]], config: Config
) -> dict[str, Any]:
    """Return SCORED of every set of answers by language and group, and against both arms."""
    board = Board(prompts, config)
    identifier = Identifier(board.languages)
    measures = {m.name: m for m in MEASURES if m.name in SCORED}
    scores = {
        name: {
            measure: board.score([_score(board, measures[measure], identifier, given)])
            for measure in measures
        }
        for name, given in answers.items()
    }
    found: dict[str, Any] = {}
    for name, mine in scores.items():
        found[name] = {
            measure: {
                "value": board.table(score.estimate, None),
                **{
                    f"against_{arm}": board.table(
                        partial(score.difference, scores[arm][measure]), None
                    )
                    for arm in (CONTROL, PINCH)
                },
            }
            for measure, score in mine.items()
        }
    return found


def _score(
    board: Board, measure: Measure, identifier: Identifier, answers: Sequence[Answer]
) -> dict[str, Any]:
    cases = (Case(board.prompts[a.prompt_id], a, None, identifier) for a in answers)
    return {case.prompt.id: measure.score(case) for case in cases}
