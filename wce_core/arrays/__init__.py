"""What the mathematics asks of arrays. It knows of no framework, no loss and no call."""
