"""Parse single FHIR resources: references, adjudications, and eligibility."""
