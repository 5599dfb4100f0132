"""Where a disbursement went: flow graph, attribution, findings: pure."""
