"""The control API, ``/_fake/``: the JSON spelling of the world."""
