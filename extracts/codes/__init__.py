"""Claim adjustment codes: their formats, their descriptions, and which ones are never denials.

Sources: X12 external code lists 139 (claim adjustment reason codes, CARC), 411 (remittance advice remark codes, RARC),
and 974 (claim adjustment group codes), published at x12.org/codes. Descriptions are our own short wording.
"""
