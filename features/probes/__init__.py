"""Probes for leaks: does anything in this extract, or in these features, know what could not be known yet?"""
