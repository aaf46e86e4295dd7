"""The way out: what is sent, when, how often, and what the agent is told."""
