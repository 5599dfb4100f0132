"""Fixtures for every test; each module of `tests/fixtures` explains its own."""

pytest_plugins = ["tests.fixtures.chain", "tests.fixtures.store"]
