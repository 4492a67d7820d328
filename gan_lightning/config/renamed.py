"""Keys of earlier versions, and what they are called now."""

RENAMED = {
    "every_n_train_steps": "every_n_iterations",
    "every_n_steps": "every_n_iterations",
    "every_n_images": "every_n_iterations, in batches",
    "comparison": "reconstruction",
    "comparisons": "reconstructions",
    "best_checkpoint": "checkpoint",
    "gentle_stop": "graceful_stop",
}
"""New words by old ones: parts of dotted keys, groups and options of groups."""


def current_name(key: str) -> str | None:
    """Return what a dotted key of an earlier version is called now; None if no part of it was renamed."""
    parts = key.split(".")
    if not set(parts) & set(RENAMED):
        return None
    return ".".join(RENAMED.get(part, part) for part in parts)
