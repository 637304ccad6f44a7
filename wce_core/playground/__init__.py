"""What do my weights do? A page of sliders: on this machine, and as a page of the site."""
