"""How fast the main job is, side by side with the least that the same work could cost."""
