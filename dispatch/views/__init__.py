"""Read models for entrances: rows shaped for people, past the model.

`trips`: trips, offers and shifts for those they concern; `runs`: a driver's stops ahead. `staff`: looks for a stated purpose.
`figures`: the city in numbers.
"""
