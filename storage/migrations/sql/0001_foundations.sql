-- What every room stands on: service time, the outbox, idempotency keys, append-only rows.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SCHEMA storage;

-- The role the service runs as. It owns nothing and gets its rights table by table.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'khan_app') THEN
        CREATE ROLE khan_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- two databases set up at once
END $$;
GRANT USAGE ON SCHEMA storage TO khan_app;

-- Service time is a straight line over wall time. Outside a demonstration it is wall time itself.
CREATE TABLE storage.service_time (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    demonstration boolean NOT NULL DEFAULT false,
    wall_origin timestamptz NOT NULL,
    service_origin timestamptz NOT NULL,
    rate double precision NOT NULL CHECK (rate > 0 AND rate <= 100),
    CONSTRAINT wall_time_outside_a_demonstration
        CHECK (demonstration OR (rate = 1 AND service_origin = wall_origin))
);
INSERT INTO storage.service_time (wall_origin, service_origin, rate)
VALUES ('2000-01-01 00:00:00+00', '2000-01-01 00:00:00+00', 1);
GRANT SELECT ON storage.service_time TO khan_app;

-- Once a city is real it cannot become a demonstration again, nor the other way round.
CREATE FUNCTION storage.refuse_change_of_kind_of_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.demonstration IS DISTINCT FROM NEW.demonstration
       AND EXISTS (SELECT 1 FROM storage.outbox) THEN
        RAISE EXCEPTION 'service time is locked: this database already holds facts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'service_time_locked';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kind_of_time BEFORE UPDATE ON storage.service_time
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change_of_kind_of_time();

-- Read by every deadline and constraint. It moves within a transaction (clock_timestamp), because
-- a deadline is judged when the row is locked, not when the transaction began.
CREATE FUNCTION public.service_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL RESTRICTED AS $$
    SELECT service_origin + (clock_timestamp() - wall_origin) * rate FROM storage.service_time
$$;
GRANT EXECUTE ON FUNCTION public.service_now() TO khan_app;

-- Rows that tell what happened are never changed. One function, used by every such table.
CREATE FUNCTION storage.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only';
END $$;

-- The outbox. `event_id` is the fact's; (topic, key) names the change it tells of, so that a
-- change has exactly one row (I31). `position` is given by the one relay, in the order in which
-- transactions became visible: consumers and live feeds resume from it without a gap.
CREATE TABLE storage.outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    topic text NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    rider_id uuid,
    driver_id uuid,
    occurred_at timestamptz NOT NULL,
    payload jsonb NOT NULL,
    position bigint UNIQUE,
    CONSTRAINT one_row_a_change UNIQUE (topic, key)
);
CREATE INDEX outbox_unsent ON storage.outbox (outbox_id) WHERE position IS NULL;
CREATE INDEX outbox_rider ON storage.outbox (rider_id, position) WHERE rider_id IS NOT NULL;
CREATE INDEX outbox_driver ON storage.outbox (driver_id, position) WHERE driver_id IS NOT NULL;
GRANT SELECT, INSERT ON storage.outbox TO khan_app;
GRANT UPDATE (position) ON storage.outbox TO khan_app;

-- Numbers what is new, unless another relay is at it, and reads what comes after a position.
-- Volatile, so that each statement in it sees what was committed, and numbered, before it.
CREATE FUNCTION storage.number_and_read_outbox(after bigint, batch integer)
RETURNS SETOF storage.outbox LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF pg_try_advisory_xact_lock(x'6b686e72'::bigint) THEN
        WITH unsent AS (
            SELECT outbox_id, row_number() OVER (ORDER BY outbox_id) AS n FROM (
                SELECT outbox_id FROM storage.outbox WHERE position IS NULL
                ORDER BY outbox_id LIMIT batch) AS first),
        last AS (SELECT coalesce(max(position), 0) AS position FROM storage.outbox)
        UPDATE storage.outbox SET position = last.position + unsent.n
        FROM unsent, last WHERE outbox.outbox_id = unsent.outbox_id;
    END IF;
    RETURN QUERY SELECT * FROM storage.outbox WHERE outbox.position > after
                 ORDER BY outbox.position LIMIT batch;
END $$;
GRANT EXECUTE ON FUNCTION storage.number_and_read_outbox TO khan_app;

CREATE FUNCTION storage.refuse_second_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.position IS NOT NULL THEN
        RAISE EXCEPTION 'an outbox row is numbered once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER numbered_once BEFORE UPDATE ON storage.outbox
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_second_position();
CREATE TRIGGER append_only BEFORE DELETE ON storage.outbox
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON storage.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

-- One Idempotency-Key, one effect, one answer (I13). Written in the transaction of its effect.
CREATE TABLE storage.idempotency (
    caller text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    answer bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (caller, key)
);
GRANT SELECT, INSERT ON storage.idempotency TO khan_app;
CREATE TRIGGER append_only BEFORE UPDATE ON storage.idempotency
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();

-- How long requests took, for reports after the fact: counts in the buckets of `storage.timings`,
-- a row a process every few seconds. Wall time; no route, no caller.
CREATE TABLE storage.http_timing (
    timing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    counts bigint[] NOT NULL
);
CREATE INDEX http_timing_age ON storage.http_timing (at);
GRANT SELECT, INSERT, DELETE ON storage.http_timing TO khan_app;
