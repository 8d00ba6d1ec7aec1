"""The command's sub-commands, by what they work on. Thin: they parse, call, print."""
