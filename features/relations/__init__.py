"""The relations that features read, each limited to rows known before the snapshot."""
