"""The effect bank: built-in effects, the operator's libraries, names after UCS."""
