"""One script per claim about speed or quality; ``python -m benchmarks.run`` writes ``results.md``."""
