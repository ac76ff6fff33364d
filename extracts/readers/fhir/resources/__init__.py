"""Single FHIR resources: parsing, references, adjudication, and eligibility."""
