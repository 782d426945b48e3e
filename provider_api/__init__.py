"""Entrance for payment providers: what they tell by themselves, believed by its signature alone."""
