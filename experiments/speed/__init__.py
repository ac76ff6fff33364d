"""Measures the speed of the main job, compared with yardsticks: the least that the same work could cost."""
