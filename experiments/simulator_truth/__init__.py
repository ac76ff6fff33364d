"""Compares both models with the simulated hospital's true chances: how close do they come to the best possible?"""
