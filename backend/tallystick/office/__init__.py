"""Settings and the composition root: opens chain, store and signers of a home directory."""
