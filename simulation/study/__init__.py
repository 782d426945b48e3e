"""Policy studies: a recorded day replayed through the matching core, without service or database.

Owns the scenario, the fast world that moves cars on real streets, and the figures of a day. The
decision itself is `dispatch.matching`, the very lines that the service runs. Refuses to know what
comes: a round sees the requests made until then, so that cutting the day off after an instant
changes nothing decided before it.

    scenario = read_scenario(folder, vehicles=200)
    travel = TravelTable.of(scenario.streets)
    record = World(scenario, travel, policy, Options()).run()
    figures = figures_of(scenario, travel, record)
"""
