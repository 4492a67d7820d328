"""The command lines for what comes after training: samples or translations, scores, and more training."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EXTRACTORS = "gan_lightning.metrics.extractors."
"""The package whose modules are named as the options of the group `extractor`."""


def named(path: Path) -> str:
    """Return a path as a command line names it, from the working directory if it lies below that."""
    whole = path.resolve()
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(whole)


def next_commands(
    run: str,
    config: Mapping[str, Any],
    iterations: int,
    epochs: int,
    is_out_of_time: bool = False,
    flags: Sequence[str] = (),
) -> dict[str, str]:
    """Return command lines for a trained run by what they are for; only those that suit its model and data.

    Args:
        run: the run folder as a command line names it.
        config: the run's configuration in plain values; what is missing or damaged in it is left out.
        iterations: the iterations that the run has trained.
        epochs: the whole epochs that it has trained.
        is_out_of_time: whether `trainer.max_time` has ended it.
        flags: what every command needs besides, such as `--config-dir`.
    """
    commands = {}
    if section(config, "data").get("channels", 3) in (1, 3):  # points are no pictures
        if "latent_dim" in section(config, "model"):
            commands["sample"] = ["sample", f"run={run}"]
        else:
            commands["translate"] = ["translate", f"run={run}", "input=DIR", "output=DIR"]
        commands["score"] = ["evaluate", f"run={run}", *_as_in_training(config)]
    commands["continue"] = [f"resume={run}", *_higher_limits(config, iterations, epochs, is_out_of_time)]
    return {what: shlex.join(["gan-lightning", *words, *flags]) for what, words in commands.items()}


def _as_in_training(config: Mapping[str, Any]) -> list[str]:
    """Return the words with which `evaluate` gives the scores of training; none if training has none."""
    metrics = [str(name) for name in section(config, "metrics") if str(name).isidentifier()]
    if not metrics:
        return []
    words = [f"metric=[{','.join(metrics)}]"]
    extractor = section(config, "extractor")
    target, weights = extractor.get("_target_"), extractor.get("weights")
    if isinstance(target, str) and target.startswith(EXTRACTORS):
        words.append(f"extractor={target.removeprefix(EXTRACTORS).split('.')[0]}")
        words += [f"extractor.weights={weights}"] if isinstance(weights, str) else []
    count = section(section(config, "callbacks"), "scores").get("num_images")
    return [*words, *([f"num_images={count}"] if type(count) is int else [])]


def _higher_limits(config: Mapping[str, Any], iterations: int, epochs: int, is_out_of_time: bool) -> list[str]:
    """Return twice the limits that have ended a run, without which it would not continue."""
    trainer = section(config, "trainer")
    done = {"max_steps": iterations, "max_epochs": epochs}
    reached = [key for key, count in done.items() if type(trainer.get(key)) is int and 0 < trainer[key] <= count]
    return [
        *(f"trainer.{key}={2 * trainer[key]}" for key in reached),
        *(["trainer.max_time=null"] if is_out_of_time and not reached else []),
    ]


def section(tree: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the mapping below a key; an empty one if there is none."""
    found = tree.get(key)
    return found if isinstance(found, dict) else {}
