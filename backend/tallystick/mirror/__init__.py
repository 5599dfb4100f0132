"""The SQL copy of the chain: fetch, decode, apply, follow, reconcile."""
