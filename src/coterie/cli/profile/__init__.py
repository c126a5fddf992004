"""`coterie profile`: machines as documents; this one, measured."""
