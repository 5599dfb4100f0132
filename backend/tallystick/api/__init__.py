"""The HTTP API: routes, problem details, OpenAPI."""
