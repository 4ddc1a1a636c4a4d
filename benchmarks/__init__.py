"""Speed, as ratios of two things taken in turn in the same run: `python -m benchmarks`."""
