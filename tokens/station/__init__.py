"""The signing station: the agent on the PC with the card, and what it and the intranet agree on (protocol.py)."""
