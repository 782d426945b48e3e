"""The impact statement of a motion: what the same day would be under today's rule and under it.

Owns which motions have one, what is kept of it, its pictures, and whether one stands (`impact_ready`).
The figures are worked out by `simulation.impact`, which governance knows nothing of; `khan` joins the
two (`khan.impact_worker`). A statement is kept once for each version of a motion's text and the rules
that it rests on, and never changed: from the text, the rules then in force and the assumptions that it names anybody gets the
same bytes again (`khan impact MOTION --recompute`).
"""
