"""The rules in force: tariff, pay floor, policies, bylaws; versioned, dated, never edited.

Each rule names what adopted it: the founding charter, later a certified motion. The room keeps
rules and answers `in_force(kind, at)`; it does not act on them, and refuses to change one.
"""
