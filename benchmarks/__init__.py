"""Time and memory of this library beside each framework's own losses: ``python -m benchmarks``."""
