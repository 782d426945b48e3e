"""What a trip costs and what its driver earns: quote, price, final fare, pay, receipt.

A fare is a pure function of the tariff in force, the route, the vehicle's class and the local
time of the pick-up; no price follows supply or demand. The room keeps quotes, and refuses to
change one: what happens on the way becomes lines of the fare. Where the money goes afterwards is
the ledger's.
"""
