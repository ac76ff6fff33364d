"""A business ledger as a stand-in for a payment history: which past-due invoices are paid within a week?"""
