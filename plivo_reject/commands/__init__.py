"""One module a command: parse, call, hand the result to render."""
