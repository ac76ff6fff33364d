"""Import FHIR R4 bulk data (ndjson): claims, their adjudications, invoices, and insurance payments."""
