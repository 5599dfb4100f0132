"""The boundary with the chain: client, embedded chain, signers, bindings, submission."""

import sys

# py_ecc, which eth-account imports for BLS keys, lets Python recurse 100,000 deep: enough for a
# few kilobytes of nested JSON to overrun the stack and end the process. Imported here first, it
# cannot do so later.
_recursion_limit = sys.getrecursionlimit()
import py_ecc  # noqa: E402, F401 - see above

sys.setrecursionlimit(_recursion_limit)
