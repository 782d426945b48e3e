"""The entrance for the co-operative's own staff: `/office/v1`.

Phone bookings, and looks at trips and positions, each for a stated purpose that leaves a public
trace. Refuses whoever did not sign in by passkey: the role is not given to a code.
"""
