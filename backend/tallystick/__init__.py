"""Tallystick: a loan ledger whose two halves, chain and mirror, must match."""
