"""Schedule lines over working days within the team's capacity."""
