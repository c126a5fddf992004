"""`coterie plan`: what a composition will do, and the way there from what is."""
