"""The verbs of governance: joining, moving, seconding, amending, calling, voting, certifying.

Each loads, asks the pure part, writes and announces, in one unit of work. A motion is locked before
anything about it is read, so that of a ballot and a close one comes first.
"""
