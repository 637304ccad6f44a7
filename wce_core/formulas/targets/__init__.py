"""Target mass: how much of an item belongs to each class, in its four representations."""
