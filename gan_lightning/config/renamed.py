"""Keys of earlier versions, and what they are called now."""

RENAMED = {
    "every_n_train_steps": "every_n_iterations",
    "every_n_steps": "every_n_iterations",
    "every_n_images": "every_n_iterations, in batches",
    "comparison": "reconstruction",
    "comparisons": "reconstructions",
    "gentle_stop": "graceful_stop",
    "existing": "skip_existing=true or overwrite=true",
    "accelerator": "device",
    "amp": "bf16",
}
"""New words by old ones: parts of dotted keys, groups and options of groups."""


def what_became_of(key: str) -> str | None:
    """Return what a dotted key of an earlier version is called now, as a clause; None if no part of it was renamed."""
    parts = key.split(".")
    if "best_checkpoint" in parts:
        return "callbacks.checkpoint also writes best.ckpt now, so leave it out"
    if not set(parts) & set(RENAMED):
        return None
    return f"it is called {'.'.join(RENAMED.get(part, part) for part in parts)} now"
