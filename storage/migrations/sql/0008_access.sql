-- I29: staff read a person's trip, position or papers only for a stated purpose, and every look leaves a
-- row in the same transaction, in a hash-chained log that anybody may read (I28). The office works
-- as a role of its own, which may not read the tables at all, only call these functions.

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'khan_office') THEN
        CREATE ROLE khan_office NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- two databases set up at once
END $$;
GRANT USAGE ON SCHEMA storage, dispatch, registry TO khan_office;
GRANT SELECT ON storage.service_time TO khan_office;
GRANT EXECUTE ON FUNCTION public.service_now() TO khan_office;

CREATE TABLE storage.purpose (
    purpose_id uuid PRIMARY KEY,
    actor_id uuid NOT NULL,
    actor_role text NOT NULL CHECK (actor_role IN ('office', 'regulator')),
    reason text NOT NULL CHECK (reason IN
        ('rider_asks', 'driver_asks', 'lost_property', 'complaint', 'safety', 'fault', 'watch',
         'licensing')),
    note text NOT NULL CHECK (length(note) BETWEEN 1 AND 500),
    trip_id uuid,                     -- the trip it is about, if it is about one
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT a_purpose_has_an_end CHECK (expires_at > made_at
        AND expires_at <= made_at + interval '12 hours'),
    driver_id uuid,                   -- the driver whose papers it is about, if it is about one
    CONSTRAINT a_purpose_names_one CHECK (num_nonnulls(trip_id, driver_id) <= 1),
    CONSTRAINT the_fleet_is_watched CHECK ((reason = 'watch') = (trip_id IS NULL AND driver_id IS NULL)),
    CONSTRAINT licensing_is_of_a_driver CHECK (reason <> 'licensing' OR driver_id IS NOT NULL)
);
GRANT SELECT, INSERT ON storage.purpose TO khan_office;
GRANT INSERT ON storage.purpose TO khan_app;  -- in the commit of its Idempotency-Key (I13)
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON storage.purpose
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();

-- `digest` covers the row and the digest before it (SHA-256), from 32 zero bytes on.
CREATE TABLE storage.access_log (
    n bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    purpose_id uuid NOT NULL REFERENCES storage.purpose,
    actor_role text NOT NULL,
    reason text NOT NULL,
    what text NOT NULL CHECK (what IN ('trip', 'positions', 'papers')),
    digest bytea NOT NULL
);
CREATE INDEX access_of_purpose ON storage.access_log (purpose_id, what, at);
GRANT SELECT ON storage.access_log TO khan_app, khan_office;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON storage.access_log
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON storage.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

-- What a row's digest is of: shared by the writer and by whoever checks the chain.
CREATE FUNCTION storage.access_digest(
    previous bytea, n bigint, at timestamptz, purpose uuid, actor_role text, reason text, what text)
RETURNS bytea LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(previous || convert_to(concat_ws('|', n,
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), purpose, actor_role, reason,
        what), 'UTF8'))
$$;

CREATE FUNCTION storage.log_access(
    purpose uuid, actor uuid, what text, trip uuid, driver uuid DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stated storage.purpose;
    last storage.access_log;
    instant timestamptz := public.service_now();
BEGIN
    SELECT * INTO stated FROM storage.purpose AS known WHERE known.purpose_id = log_access.purpose;
    IF stated.purpose_id IS NULL OR stated.actor_id <> actor OR stated.expires_at <= instant
       OR stated.trip_id IS DISTINCT FROM trip OR stated.driver_id IS DISTINCT FROM driver THEN
        RAISE EXCEPTION 'no purpose was stated for this look'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i29_a_purpose_first';
    END IF;
    -- A socket that watches looks every second; one row a minute says so.
    PERFORM 1 FROM storage.access_log AS seen
        WHERE seen.purpose_id = purpose AND seen.what = log_access.what
          AND seen.what = 'positions' AND seen.at > instant - interval '60 seconds';
    IF FOUND THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(7305804401);
    SELECT * INTO last FROM storage.access_log ORDER BY n DESC LIMIT 1;
    INSERT INTO storage.access_log (n, at, purpose_id, actor_role, reason, what, digest)
    VALUES (coalesce(last.n, 0) + 1, instant, purpose, stated.actor_role, stated.reason, what,
            storage.access_digest(coalesce(last.digest, decode(repeat('00', 32), 'hex')),
                coalesce(last.n, 0) + 1, instant, purpose, stated.actor_role, stated.reason, what));
END $$;
REVOKE ALL ON FUNCTION storage.log_access(uuid, uuid, text, uuid, uuid) FROM PUBLIC;

CREATE FUNCTION dispatch.read_trip_for_staff(purpose uuid, actor uuid, trip uuid)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer jsonb;
BEGIN
    PERFORM storage.log_access(purpose, actor, 'trip', trip);
    SELECT to_jsonb(t) - 'pin' - 'pin_tries_left' || jsonb_build_object('events', (
            SELECT jsonb_agg(jsonb_build_object('seq', e.seq, 'step', e.step, 'after', e.after,
                'actor', e.actor, 'reason', e.reason, 'occurred_at', e.occurred_at) ORDER BY e.seq)
            FROM dispatch.trip_event e WHERE e.trip_id = t.trip_id),
            'stops', (
            SELECT jsonb_agg(jsonb_build_object('trip_id', s.trip_id, 'kind', s.kind,
                'expected_at', s.expected_at, 'latest_at', s.latest_at, 'done_at', s.done_at)
                ORDER BY s.place)
            FROM dispatch.run_stop s WHERE s.run_id = t.run_id))
        INTO answer FROM dispatch.trip t WHERE t.trip_id = trip;
    RETURN answer;
END $$;
REVOKE ALL ON FUNCTION dispatch.read_trip_for_staff(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dispatch.read_trip_for_staff(uuid, uuid, uuid) TO khan_office;

CREATE FUNCTION dispatch.read_positions_for_staff(purpose uuid, actor uuid)
RETURNS TABLE (driver_id uuid, vehicle_id uuid, lon double precision, lat double precision,
               heading smallint, at timestamptz, trip_id uuid, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM storage.log_access(purpose, actor, 'positions', NULL);
    RETURN QUERY
        SELECT p.driver_id, s.vehicle_id, p.lon, p.lat, p.heading, p.at, t.trip_id, t.state
        FROM dispatch.position p
        JOIN dispatch.shift s ON s.shift_id = p.shift_id AND s.ended_at IS NULL
        LEFT JOIN LATERAL (               -- of several trips of a run, that of the next stop
            SELECT held.trip_id, held.state
            FROM dispatch.trip held JOIN dispatch.run_stop stop USING (run_id, trip_id)
            WHERE held.driver_id = p.driver_id AND stop.done_at IS NULL
              AND held.state IN ('assigned', 'arrived', 'on_board', 'at_stop')
            ORDER BY stop.place LIMIT 1) t ON true
        ORDER BY p.driver_id;
END $$;
REVOKE ALL ON FUNCTION dispatch.read_positions_for_staff(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dispatch.read_positions_for_staff(uuid, uuid) TO khan_office;

-- A driver's papers and those of the vehicles they may drive now, with what stands against them.
CREATE FUNCTION registry.read_papers_for_staff(purpose uuid, actor uuid, driver uuid)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    instant timestamptz := public.service_now();
BEGIN
    PERFORM storage.log_access(purpose, actor, 'papers', NULL, driver);
    RETURN (
        SELECT jsonb_build_object(
            'driver_id', d.driver_id, 'as_of', instant,
            'standing', (SELECT jsonb_build_object('standing', s.standing, 'reason', s.reason,
                                                   'set_at', s.set_at)
                         FROM registry.standing s WHERE s.driver_id = d.driver_id
                         ORDER BY s.sequence DESC LIMIT 1),
            'reasons', registry.reasons_against(d.driver_id, NULL, instant),
            'vehicles', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'vehicle_id', v.vehicle_id, 'plate', v.plate,
                    'reasons', registry.reasons_against(d.driver_id, v.vehicle_id, instant))
                    ORDER BY p.permitted_at, v.vehicle_id), '[]')
                FROM registry.driver_vehicle p JOIN registry.vehicle v USING (vehicle_id)
                WHERE p.driver_id = d.driver_id AND p.ended_at IS NULL),
            'papers', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'credential_id', c.credential_id, 'kind', c.kind, 'vehicle_id', c.vehicle_id,
                    'valid_from', c.valid_from, 'valid_to', c.valid_to, 'zones', c.zones,
                    'added_at', c.added_at, 'withdrawn_at', w.withdrawn_at,
                    'withdrawn_because', w.reason,
                    'standing', CASE WHEN w.credential_id IS NOT NULL THEN 'withdrawn'
                                     WHEN c.valid_to <= instant THEN 'expired'
                                     WHEN instant < c.valid_from THEN 'to_come'
                                     ELSE 'valid' END)
                    ORDER BY c.kind, c.valid_to DESC, c.credential_id), '[]')
                FROM registry.credential c
                LEFT JOIN registry.credential_withdrawal w USING (credential_id)
                WHERE c.driver_id = d.driver_id
                   OR c.vehicle_id IN (SELECT p.vehicle_id FROM registry.driver_vehicle p
                                       WHERE p.driver_id = d.driver_id AND p.ended_at IS NULL)))
        FROM registry.driver d WHERE d.driver_id = driver);
END $$;
REVOKE ALL ON FUNCTION registry.read_papers_for_staff(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION registry.read_papers_for_staff(uuid, uuid, uuid) TO khan_office;
