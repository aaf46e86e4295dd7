"""Proof of the walls between municipalities, queues and confidential conversations: every route, every role."""
