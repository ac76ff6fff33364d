"""FHIR R4 bulk data (ndjson) as an AR extract: claims, what insurers made of them, invoices and insurers' payments."""
