"""Members' self-government over HTTP, once for every entrance that members come in by.

Owns the shapes and the routes that drivers and riders share; each entrance includes them under its
own address and lets its own role in. Refuses to tell anybody but members who moved, seconded or
voted.
"""
