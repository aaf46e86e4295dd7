"""Read-only questions to other systems: what declares them, the gate, the way out."""
