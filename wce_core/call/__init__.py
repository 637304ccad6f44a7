"""A call as users make it: arguments converted, checked and described, the result packed."""
