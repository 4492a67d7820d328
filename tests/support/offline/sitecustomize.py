"""Python imports this file by itself where its folder is on PYTHONPATH: in every Python that a test starts."""

import no_network  # noqa: F401
