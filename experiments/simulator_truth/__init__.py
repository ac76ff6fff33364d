"""Both models beside the simulated hospital's own chances: how far from what anyone could know?"""
