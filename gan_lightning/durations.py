"""Durations as a reader sees them: by the clock, or roughly in words."""

from datetime import timedelta


def clock(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds, and in days if it is longer than one.

    >>> clock(114.2)
    '0:01:54'
    """
    return str(timedelta(seconds=round(seconds)))


def duration(seconds: float) -> str:
    """Return a duration in words, in the unit that suits it.

    >>> duration(7000.0)
    '1.9 hours'
    """
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
