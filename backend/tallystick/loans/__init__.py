"""Terms, schedules, the loan and its waterfall, arrears, restructuring: pure."""
