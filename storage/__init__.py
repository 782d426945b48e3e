"""The database: engine, unit of work, outbox, the embedded server, migrations, geometry.

Owns the connection and the order of events; knows no room's tables but its own
(`storage.outbox`, `storage.service_time`, `storage.idempotency`). Refuses a commit anywhere but
at the end of a unit of work.
"""
