"""The upper app over HTTP: parse, one service, answer."""
