"""Who takes part: borrowers, lenders, guarantors, payees and their roles: pure."""
