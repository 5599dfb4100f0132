"""One verb a file: the use cases that api and cli share."""
