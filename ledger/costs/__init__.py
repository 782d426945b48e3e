"""What drivers write down of their own costs: fuel, charging, insurance, so much a kilometre.

Owns `ledger.driver_cost`. Never changed: what was wrong is put right by a new row that replaces it. A
driver's own, so that pay can be told after costs: nobody else is shown them, and the service has no
query over several drivers' (docs/decisions/0530).
"""
