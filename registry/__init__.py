"""The registry: people and vehicles as licensed, their papers and standing, and signing in.

Owns the schema `registry`. Names and phones live sealed in one table (`registry.contact`) and are
opened only by the vault, whose key is never in the database. Refuses a sign-in that is not proved,
a token whose session is over, and, through the SQL function `registry.unfit_reasons`, any work by
a driver whose standing or papers do not hold at that instant (I11).

Entrances use `registry.service` (verbs), `registry.views` (what people see), `registry.session`
(callers) and `registry.session_cache`.
"""
