"""Notices on their way out: outbox, mail, SMS, webhook."""
