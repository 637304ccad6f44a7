"""The mathematics: links, targets, terms, weightings and reductions, one concept a file."""
