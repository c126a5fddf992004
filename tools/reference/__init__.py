"""The reference pages, made from the types, the commands and the errors, so that they cannot
disagree with them.
"""
