"""The code comes to the data: tasks, sandboxes, leakage, proof."""
