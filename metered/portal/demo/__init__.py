"""Demo data: a believable operator's portal, made from a seed and dated relative to now.

`catalogue` and `customers` are facts to read, `history` is pure and makes up two years from them, `write`
puts it into the tables, `load` is the order in which that happens.
"""
