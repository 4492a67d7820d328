"""A new run that begins with the weights of another."""

from collections.abc import Mapping

from torch import Tensor

from gan_lightning.models.game import AdversarialGame

NETWORK, AVERAGE = "generator.", "ema.module."


def load_fitting_weights(model: AdversarialGame, source: Mapping[str, Tensor]) -> tuple[int, list[str]]:
    """Load the weights of another run that fit by name and shape; the others keep their first values.

    A moving average starts from the source's, or from the source's generator if that has none.

    Args:
        model: the model of the new run.
        source: the `state_dict` of another run's checkpoint.

    Returns:
        How many weights were loaded, and a phrase for each weight of the model that was not.
    """
    given = dict(source)
    if model.ema and not any(name.startswith(AVERAGE) for name in given):
        network = {name.removeprefix(NETWORK): weight for name, weight in given.items() if name.startswith(NETWORK)}
        given |= {f"{AVERAGE}{name}": weight for name, weight in network.items()}
    own = model.state_dict()
    fitting = {name: weight for name, weight in given.items() if name in own and own[name].shape == weight.shape}
    left = [
        f"{name} is {_shape(own[name])} here and {_shape(given[name]) if name in given else 'missing'} there"
        for name in own
        if name not in fitting
    ]
    model.load_state_dict(fitting, strict=False)
    return len(fitting), left


def _shape(weight: Tensor) -> str:
    return "x".join(map(str, weight.shape)) or "a number"
