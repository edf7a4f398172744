"""Every write of the upper app, in the order of the loop: sessions, judging, learning."""
