"""The benchmarks: each measures the real thing, prints a row, and leaves JSON below bench/results/."""
