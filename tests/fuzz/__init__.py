"""Fuzzing: what comes from outside is parsed into something or refused by name, whatever its bytes."""
