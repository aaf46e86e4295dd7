"""Questions to other systems: the gate, what declares them, the way out."""
