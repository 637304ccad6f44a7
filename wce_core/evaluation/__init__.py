"""One call on arrays: its description, its value, and its closed-form gradient."""
