"""Who may do what: login, API keys, roles to permissions, audit trail."""
