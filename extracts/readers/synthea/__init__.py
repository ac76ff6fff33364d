"""Import Synthea's CSV output folder: one account per claim, reconciled with the claim's stated balance."""
