"""Notices on their way out: by mail, to a server or into a folder."""
