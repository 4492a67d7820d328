"""The model that suits a chosen network, and data that suit it, tried out before they are told to who chose another."""

from collections.abc import Sequence
from contextlib import suppress

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.utils import instantiate
from omegaconf.errors import OmegaConfBaseException

from gan_lightning.config import schema
from gan_lightning.config.composition import composed
from gan_lightning.config.options import chosen, network_of, options_of, options_with
from gan_lightning.config.parts import hands_out
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import WrongInputsError


def suited(error: WrongInputsError) -> str:
    """Return a sentence on a network that does not suit the model, with words that were found to be accepted."""
    network, words = chosen("network"), list(HydraConfig.get().overrides.task)
    models = sorted(options_of("model"), key=lambda option: network != network_of(option))
    found = (choice for option in models if (choice := _accepted(words, f"model={option}", f"network={network}")))
    typed = f"network={network}"
    remedies = [f"type {' '.join(choice)}" for choice in [next(found, None)] if choice]
    if typed in words and _accepted([word for word in words if word != typed]) is not None:
        remedies.append(f"leave {typed} out")
    model = chosen("model")
    clause = error.clause(f"model={model}", f"that of {typed}") if model and network else error.differ
    return f"{clause}; {', or '.join(remedies or ['choose another network'])}"


def _accepted(words: Sequence[str], *choices: str) -> list[str] | None:
    """Return choices with which a run can be made, with data that suit them if those at hand do not; else None."""
    groups = tuple(f"{choice.partition('=')[0]}=" for choice in choices)
    others = [word for word in words if not word.startswith(groups)]
    with suppress(HydraException, OmegaConfBaseException, ValueError):
        config = composed([*others, *choices])
        schema.check(config, "model", "data")
        model: AdversarialGame = instantiate(config.model)
        if hands_out(config.data, model.batch_types):
            return list(choices)
        data = options_with("data", lambda own: "root" not in own and hands_out(own, model.batch_types))
        others = [word for word in others if not word.startswith("data=")]
        for choice in (f"data={option}" for option in data):
            instantiate(composed([*others, *choices, choice]).model)
            return [*choices, choice]
    return None
