"""Every write of the lower app, in the order of the loop: catalogue, serving, training, versions."""
