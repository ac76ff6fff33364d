"""Which past-due invoices are paid within a week? A business ledger as a stand-in for a payment history."""
