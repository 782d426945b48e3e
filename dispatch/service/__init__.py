"""The use cases of dispatch, one verb each; each is called inside a unit of work.

`requests`: ask, cancel, expire. `booked`: begin the search in time, tell trouble. `offers`:
accept, decline, lapse. `driving`: from the arrival to the end. `shifts`: on and off duty.
`after`: rating, tip, share link.
"""
