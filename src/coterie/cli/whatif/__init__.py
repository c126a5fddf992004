"""`coterie whatif`: the same requests on other machines, under other policies, at other loads."""
