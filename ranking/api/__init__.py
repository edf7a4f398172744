"""The lower app over HTTP: parse, one service, answer."""
