"""A guard that stops a run whose numbers are no longer finite, and says in plain words what else goes wrong."""

import json
import logging
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import Callback, Trainer
from torch.optim import Optimizer

from gan_lightning.callbacks.checkpoint_io import BadStateError
from gan_lightning.callbacks.finiteness import FinitenessLog, NonFinite, Value, norms
from gan_lightning.callbacks.publishing import publish_text
from gan_lightning.callbacks.symptoms import Examination, HasSymptom, Reading, Symptom, of_images
from gan_lightning.models.game import AdversarialGame
from gan_lightning.types import Batch, NonNegativeFloat, NonNegativeInt, PositiveInt

log = logging.getLogger(__name__)

FILE = "guard.jsonl"
SHOWN = 32
"""How many images are compared with one another."""


class Diverged(BadStateError):  # noqa: N818
    """The end of a run whose numbers are not finite.

    Args:
        sentence: what happened and what to try.
        next_attempt: the number of the rollback that should follow; None if none should.
    """

    def __init__(self, sentence: str, next_attempt: int | None) -> None:
        super().__init__(sentence)
        self.next_attempt = next_attempt


class Guard(Callback):
    """Checks in each iteration that all terms, gradients and weights are finite, and looks for other symptoms.

    On a CPU a run stops at the iteration in which a value becomes NaN or infinite. On other devices nothing waits in
    the loop: the run stops at the next multiple of `trainer.log_every_n_steps`, and no checkpoint is written before.
    The message names the first value and its iteration. A good checkpoint is never replaced by a bad one.

    Symptoms of a run whose numbers are finite, such as a discriminator that is certain or a generator that has
    collapsed, are looked for at the same cadence, in each direction. Each is said once until it is gone: in the log, in
    the loggers and in `guard.jsonl`. Training computes the same with and without the guard.

    Args:
        folder: the run folder, to which `guard.jsonl` is written.
        on_failure: what follows where a value is not finite: `stop` ends the run with exit code 3, `warn` lets it go
            on without further checkpoints, `rollback` continues from the last good checkpoint with lower rates and
            other noise.
        rate_factor: what a rollback multiplies all learning rates by.
        max_rollbacks: how many rollbacks there may be before the run stops.
        every_n_iterations: batches between looks at the images; None for none. What two looks in a row find is said.
        patience: iterations that a symptom of the losses must last.
        attempt: how many rollbacks there have been; a checkpoint's own number wins if it is higher.
    """

    def __init__(
        self,
        folder: str,
        on_failure: Literal["stop", "warn", "rollback"] = "stop",
        rate_factor: NonNegativeFloat = 0.5,
        max_rollbacks: NonNegativeInt = 3,
        every_n_iterations: PositiveInt | None = 500,
        patience: PositiveInt = 1000,
        attempt: NonNegativeInt = 0,
    ) -> None:
        self.file = Path(folder) / FILE
        self.on_failure = on_failure
        self.rate_factor = rate_factor
        self.max_rollbacks = max_rollbacks
        self.every_n_iterations = every_n_iterations
        self.patience = patience
        self.attempt = attempt
        self.loaded: dict[str, Any] = {}
        self.finite = FinitenessLog()
        self.weights: list[Value] = []
        self.parameters: dict[str, list[Value]] = {}
        self.values: list[Value] = []
        self.gradients: dict[str, list[torch.Tensor]] = {}
        self.image_symptoms: list[Symptom] = []
        self.seen_before: set[str] = set()
        self.said: set[str] = set()
        self.has_warned = False

    # Hooks.

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        pl_module.attempt = self.attempt
        pl_module.rate_factor = self.rate_factor**self.attempt
        pl_module.has_diverged = False
        self.examination = Examination(pl_module.loss.certain, self.patience)
        if self.loaded:
            self.examination.load_state(self.loaded["examination"])
            self.said, self.seen_before = set(self.loaded["said"]), set(self.loaded["seen_before"])
        self.parameters = {
            name: [(("gradient of", f"{name}.{key}"), weight) for key, weight in player.network.named_parameters()]
            for name, player in pl_module.players.items()
        }
        named = [
            *((("weight", name), each) for name, each in pl_module.named_parameters()),
            *((("running statistic", name), each) for name, each in pl_module.named_buffers()),
        ]
        self.weights = [(name, each) for name, each in named if each.is_floating_point() and each.numel()]
        if self.attempt > self.loaded.get("attempt", 0) and trainer.is_global_zero:
            self._say(
                trainer,
                Symptom(
                    "rolled back",
                    f"rollback {self.attempt} of {self.max_rollbacks}: the run goes on from iteration "
                    f"{trainer.global_step:,} with {pl_module.rate_factor:g} times its rates and other noise",
                ),
                trainer.global_step,
            )

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: AdversarialGame, optimizer: Optimizer) -> None:
        """Look at the gradients, which are unscaled here and gone after the step."""
        players = zip(pl_module.players, trainer.optimizers, strict=True)
        name = next(each for each, own in players if own is optimizer)
        found = norms((key, weight.grad) for key, weight in self.parameters[name] if weight.grad is not None)
        self.gradients[name] = [value for _, value in found]
        if getattr(trainer.precision_plugin, "scaler", None) is None:
            self.values += found  # a scaler skips steps whose gradients are not finite, and lowers its scale

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        iteration = trainer.global_step
        noted = pl_module.scalars.last_step.items()
        terms: list[Value] = [(("term", name), value) for name, value in noted if not name.startswith("d_out/")]
        self.finite.see([*terms, *self.values, *norms(self.weights)], iteration)
        self.values = []
        pl_module.has_diverged = False if self.finite.bad is None else self.finite.bad
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        is_reading = bool(every) and iteration % every == 0
        is_looking = self.every_n_iterations is not None and iteration % self.every_n_iterations == 0
        if self._reads_always(pl_module) or is_reading:
            self._act(trainer, pl_module)
        if is_looking and trainer.is_global_zero and not self.has_warned:
            self._look(trainer, pl_module, batch)
        if (is_reading or is_looking) and trainer.is_global_zero and not self.has_warned:
            self._examine(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._act(trainer, pl_module)
        if trainer.is_global_zero and not self.has_warned:
            self._say_new(trainer, self._known_to_others(trainer))

    def state_dict(self) -> dict[str, Any]:
        own = {"said": sorted(self.said), "seen_before": sorted(self.seen_before)}
        return {"attempt": self.attempt, "examination": self.examination.state(), **own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.loaded = state_dict
        self.attempt = max(self.attempt, state_dict["attempt"])

    # What the hooks share.

    def _reads_always(self, module: AdversarialGame) -> bool:
        """Return whether each iteration can be read at once, because nothing waits for a device."""
        return module.device.type == "cpu"

    def _act(self, trainer: Trainer, module: AdversarialGame) -> None:
        """Stop, warn or roll back if something was not finite, on all ranks alike."""
        is_bad = self.finite.bad is not None and bool(self.finite.bad)
        if self.has_warned or not trainer.strategy.reduce_boolean_decision(is_bad, all=False):
            return
        module.has_diverged = self.has_warned = True
        found = self.finite.first() or NonFinite(trainer.global_step, [("numbers", "of another process")])
        sentence = f"{found}, so {_advice(found, str(trainer.precision), module.order[0])}"
        may_roll_back = self.on_failure == "rollback" and self.attempt < self.max_rollbacks
        if trainer.is_global_zero:
            is_last_word = self.on_failure != "warn" and not may_roll_back  # the error has the sentence
            self._say(trainer, Symptom("diverged", sentence), found.iteration, is_logged=not is_last_word)
        if self.on_failure != "warn":
            raise Diverged(sentence, self.attempt + 1 if may_roll_back else None)

    def _look(self, trainer: Trainer, module: AdversarialGame, batch: Batch) -> None:
        """Look at the images of each direction; a symptom counts where two looks in a row have found it."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        now = []
        for direction in module.directions:
            count = module.generator_inputs.count(data, direction) or SHOWN
            numbers = range(0, count, max(1, count // SHOWN))[:SHOWN]  # from all images, where they are translated
            fake = module.sample(numbers, module.seed, data, direction)
            found = of_images(fake, module.real_images(batch, direction)[:SHOWN])
            now += [symptom._replace(kind=symptom.kind + module.suffix(direction)) for symptom in found]
        self.image_symptoms = [symptom for symptom in now if symptom.kind in self.seen_before]
        self.seen_before = {symptom.kind for symptom in now}

    def _examine(self, trainer: Trainer, module: AdversarialGame) -> None:
        """Say each symptom that has not been said since it came."""
        iteration, terms = trainer.global_step, module.scalars.last_step
        optimizers = zip(module.players, trainer.optimizers, strict=True)
        suffixes = map(module.suffix, module.directions)
        outputs = {suffix: [terms.get(f"d_out/{side}{suffix}") for side in ("real", "fake")] for suffix in suffixes}
        reading = Reading(
            iteration,
            losses={name: float(terms[f"{name}/loss"]) for name in module.players if f"{name}/loss" in terms},
            outputs={
                suffix: (float(real), float(fake))
                for suffix, (real, fake) in outputs.items()
                if real is not None and fake is not None
            },
            gradients={name: float(torch.stack(values).max()) for name, values in self.gradients.items() if values},
            rates={name: max(group["lr"] for group in each.param_groups) for name, each in optimizers},
        )
        found = [*self.examination.symptoms(reading), *self.image_symptoms, *self._known_to_others(trainer)]
        self._say_new(trainer, found)
        self.said = {symptom.kind for symptom in found}

    def _known_to_others(self, trainer: Trainer) -> list[Symptom]:
        """Return what other callbacks have found, such as the one that scores."""
        callbacks = trainer.callbacks  # type: ignore[attr-defined]
        found = (callback.symptom() for callback in callbacks if isinstance(callback, HasSymptom))
        return [symptom for symptom in found if symptom]

    def _say_new(self, trainer: Trainer, found: list[Symptom]) -> None:
        for symptom in found:
            if symptom.kind not in self.said:
                self._say(trainer, symptom, trainer.global_step)

    def _say(self, trainer: Trainer, symptom: Symptom, iteration: int, is_logged: bool = True) -> None:
        if is_logged:
            log.warning("iteration %s: %s", f"{iteration:,}", symptom.sentence)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"iteration": iteration, **symptom._asdict()}) + "\n")
        publish_text(trainer, "guard", symptom.sentence, iteration)


def _advice(found: NonFinite, precision: str, first: str) -> str:
    """Return what follows from values that are not finite: the likely cause and what to try.

    Args:
        found: the values.
        precision: the trainer's precision.
        first: the player that moves first; before its first step nothing depends on a rate.
    """
    cause, remedy = "the rates are too high", "or model.discriminator_clip=1"
    if not precision.startswith(("32", "64")):
        cause += " or the precision is too low"
        remedy = "model.discriminator_clip=1, or trainer.precision=32-true"
    of_rates = f"{cause}: try a tenth of model.discriminator_optimizer.lr, {remedy}"
    of_term = "it is the term itself: try it without a log, a root or a division, and look at its inputs"
    kind, name = found.names[0]
    if (kind, found.iteration) == ("term", 1) and name.startswith(f"{first}/"):
        return of_term
    has_gone_wrong = any(each == "weight" and weight.startswith(f"{first}.") for each, weight in found.names)
    if (kind, found.iteration) == ("term", 1) and not has_gone_wrong:
        return f"{of_term}; or {of_rates}"
    return f"the run has diverged; {of_rates}"
