"""The boundary with the chain: client, embedded chain, signers, bindings, submission."""
