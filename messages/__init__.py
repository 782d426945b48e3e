"""Messages: short texts to people, in their language, behind one port.

Owns the wording and the senders. Knows a phone only while it hands a text over, and keeps none;
refuses nothing: an unknown language is answered in English.
"""
