"""Import a folder of Epic billing tables, from an EHI export or a Clarity extract."""
