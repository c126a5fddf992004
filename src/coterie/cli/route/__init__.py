"""`coterie route …`: whom a prompt would go to, and routers that are fitted, measured and tuned."""
