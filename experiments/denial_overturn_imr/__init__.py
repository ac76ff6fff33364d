"""Which denials do independent reviewers in California overturn? Decisions from 2001 on."""
