"""Is an answer right? The tolerances of the suite, and a verdict on a vector."""
