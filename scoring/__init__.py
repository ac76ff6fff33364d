"""The nightly run: guards, rules, ranking, worklists and publishing."""
