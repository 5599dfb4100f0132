"""Classification, the dunning ladder, notices, collections: pure."""
