"""The demo: a portfolio of real loans run through the whole house."""
