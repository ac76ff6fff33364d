"""What a person asks of a new extract beyond its contract: do sums, days, volume and codes make sense?"""
