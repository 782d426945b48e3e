-- Roles for an outside PostgreSQL (15 to 18). Run as a superuser in the database that the service is
-- to use, before the first migration and again after it; running it once more changes nothing:
--
--     psql -v ON_ERROR_STOP=1 -d khan -f infra/database_roles.sql
--
-- Then give each login a password or a certificate of its own, outside version control
-- (ALTER ROLE khan_service_login PASSWORD ...). DATABASE_URL names khan_service_login for the service
-- and khan_owner_login for the migrations.
--
-- The embedded server needs none of this: one superuser on a private socket sets it up, and the
-- service takes on khan_app for every connection there too.

DO $$
DECLARE
    role_name text;
BEGIN
    -- khan_owner owns every schema, table and function. Nobody logs in as it by accident: an owner
    --   can change append-only rows.
    -- khan_app is what the service runs as: it owns nothing, and the migrations grant it exactly
    --   what each room needs (on an append-only table: SELECT and INSERT).
    -- khan_office is what the service takes on where staff look at people's trips: each look leaves
    --   its purpose, because only functions that write it down can be called.
    -- khan_reader is what people look with: rules and books. Where people were, and their names and
    --   telephone numbers, are in schemas that it is not let into.
    -- khan_desk_secretary, khan_desk_city_clerk and khan_ballot_board are what the two issuing desks
    --   and the ballot box run as (`khan desk`, `khan board`): each writes its own schema alone, and
    --   no login has two of them.
    FOREACH role_name IN ARRAY ARRAY['khan_owner', 'khan_app', 'khan_office', 'khan_reader',
                                     'khan_desk_secretary', 'khan_desk_city_clerk', 'khan_ballot_board'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['khan_owner', 'khan_service', 'khan_reader',
                                     'khan_desk_secretary', 'khan_desk_city_clerk', 'khan_ballot_board'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name || '_login') THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', role_name || '_login');
        END IF;
    END LOOP;
END $$;

-- A login has no rights of its own; it takes on its role when it connects.
GRANT khan_owner TO khan_owner_login;
GRANT khan_app, khan_office TO khan_service_login;
GRANT khan_reader TO khan_reader_login;
GRANT khan_desk_secretary TO khan_desk_secretary_login;
GRANT khan_desk_city_clerk TO khan_desk_city_clerk_login;
GRANT khan_ballot_board TO khan_ballot_board_login;
ALTER ROLE khan_owner_login SET role = 'khan_owner';
ALTER ROLE khan_service_login SET role = 'khan_app';
ALTER ROLE khan_reader_login SET role = 'khan_reader';

-- A session that waits for ever holds its locks for ever.
ALTER ROLE khan_service_login SET lock_timeout = '10s';
ALTER ROLE khan_service_login SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE khan_reader_login SET default_transaction_read_only = on;
ALTER ROLE khan_reader_login SET statement_timeout = '30s';

-- Only the owner makes anything in this database.
DO $$
BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO khan_owner', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- service_now() stands in public, because the constraints of every schema speak of it.
GRANT USAGE, CREATE ON SCHEMA public TO khan_owner;
GRANT USAGE ON SCHEMA public TO khan_app, khan_office, khan_reader,
    khan_desk_secretary, khan_desk_city_clerk, khan_ballot_board;

-- Extensions are the superuser's to install; the migrations find them.
CREATE EXTENSION IF NOT EXISTS btree_gist;
-- For spatial questions at scale; the migrations add their columns where they find it:
-- CREATE EXTENSION IF NOT EXISTS postgis;

-- Readers: the schemas that are there by now. A new room stays closed until it is named here.
DO $$
DECLARE
    schema_name text;
BEGIN
    FOREACH schema_name IN ARRAY ARRAY['rulebook', 'ledger'] LOOP
        IF EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = schema_name) THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO khan_reader', schema_name);
            EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO khan_reader', schema_name);
        END IF;
    END LOOP;
END $$;
