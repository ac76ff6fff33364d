"""Reads a folder of Epic's billing tables, as an EHI export or a Clarity extract names them, into canonical tables."""
