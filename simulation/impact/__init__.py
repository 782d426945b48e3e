"""Impact statements: the same demand under today's rule and under a proposed one.

Owns the playing of a day under both, the figures of each side and what differs. Fares, pay floors
and shares are those of `fares`, the matcher is that of the service by way of `simulation.study`:
nothing is computed here that a quote or a round would compute otherwise. Refuses to guess: what is
assumed (elasticity, drivers, patience) is stated in every statement.

    demand = demand_of(scenario, travel, zoning, begins=(midnight, zone), vehicle_class="standard")
    today = rules_of(bodies)
    proposed = today.under(RuleKind.TARIFF, body)
    town = Town(demand=demand, travel=travel, waiting_zones=StudyZones.of(scenario.streets, travel))
    statement = impact_of(town, today, proposed, assumed=Assumptions(seed=1))
    statement.as_json()
"""
