-- The life of trips, offers and shifts. Every invariant that this room answers for is refused here;
-- its number (design: "the trip, the offer and what never happens") stands beside its constraint.

CREATE SCHEMA dispatch;
GRANT USAGE ON SCHEMA dispatch TO khan_app;

-- ---------------------------------------------------------------------------------------------
-- The trip machine, as data. I9: what is not a row here cannot happen.

CREATE TABLE dispatch.trip_state (
    state text PRIMARY KEY,
    is_final boolean NOT NULL,
    has_driver boolean            -- true: always; false: never; null: as it was before
);
INSERT INTO dispatch.trip_state VALUES
    ('none', false, false),       -- before the request; no trip row is ever in it
    ('requested', false, false), ('scheduled', false, false), ('matching', false, false),
    ('assigned', false, true), ('arrived', false, true), ('on_board', false, true),
    ('at_stop', false, true),
    ('completed', true, true), ('no_show', true, true), ('aborted', true, true),
    ('unfulfilled', true, false),
    ('cancelled_by_rider', true, NULL), ('cancelled_by_operator', true, NULL);

CREATE TABLE dispatch.trip_transition (
    before text NOT NULL REFERENCES dispatch.trip_state,
    step text NOT NULL,
    after text NOT NULL REFERENCES dispatch.trip_state,
    PRIMARY KEY (before, step),
    CONSTRAINT a_transition_as_a_whole UNIQUE (before, step, after)
);
INSERT INTO dispatch.trip_transition VALUES
    ('none', 'request', 'requested'), ('none', 'book', 'scheduled'),
    ('requested', 'start_matching', 'matching'), ('scheduled', 'start_matching', 'matching'),
    ('requested', 'rider_cancel', 'cancelled_by_rider'),
    ('scheduled', 'rider_cancel', 'cancelled_by_rider'),
    ('matching', 'rider_cancel', 'cancelled_by_rider'),
    ('assigned', 'rider_cancel', 'cancelled_by_rider'),
    ('arrived', 'rider_cancel', 'cancelled_by_rider'),
    ('requested', 'operator_cancel', 'cancelled_by_operator'),
    ('scheduled', 'operator_cancel', 'cancelled_by_operator'),
    ('matching', 'operator_cancel', 'cancelled_by_operator'),
    ('assigned', 'operator_cancel', 'cancelled_by_operator'),
    ('arrived', 'operator_cancel', 'cancelled_by_operator'),
    ('matching', 'accept', 'assigned'), ('matching', 'expire', 'unfulfilled'),
    ('assigned', 'arrive', 'arrived'),
    ('assigned', 'driver_release', 'matching'), ('arrived', 'driver_release', 'matching'),
    ('arrived', 'no_show', 'no_show'), ('arrived', 'board', 'on_board'),
    ('on_board', 'stop', 'at_stop'), ('at_stop', 'resume', 'on_board'),
    ('on_board', 'complete', 'completed'), ('at_stop', 'complete', 'completed'),
    ('on_board', 'abort', 'aborted'), ('at_stop', 'abort', 'aborted');
GRANT SELECT ON dispatch.trip_state, dispatch.trip_transition TO khan_app;

-- ---------------------------------------------------------------------------------------------
-- Shifts and runs.

CREATE TABLE dispatch.shift (
    shift_id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES registry.driver,
    vehicle_id uuid NOT NULL REFERENCES registry.vehicle,
    started_at timestamptz NOT NULL DEFAULT public.service_now(),
    ended_at timestamptz,
    end_reason text,
    ends_by timestamptz NOT NULL,     -- hours: no offer may be accepted from then on
    CONSTRAINT a_shift_ends_after_it_starts CHECK (ended_at >= started_at),
    CONSTRAINT an_ended_shift_says_why CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
-- Two shifts begun at once meet here, before the exclusion constraints: of those, each of two
-- writers would wait for the other, and a deadlock would be the answer.
CREATE UNIQUE INDEX one_open_shift_a_driver ON dispatch.shift (driver_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX one_open_shift_a_vehicle ON dispatch.shift (vehicle_id) WHERE ended_at IS NULL;
ALTER TABLE dispatch.shift
    ADD CONSTRAINT a_driver_works_one_shift_at_a_time
        EXCLUDE USING gist (driver_id WITH =, tstzrange(started_at, ended_at) WITH &&),
    ADD CONSTRAINT a_vehicle_works_one_shift_at_a_time
        EXCLUDE USING gist (vehicle_id WITH =, tstzrange(started_at, ended_at) WITH &&);
GRANT SELECT, INSERT ON dispatch.shift TO khan_app;
GRANT UPDATE (ended_at, end_reason) ON dispatch.shift TO khan_app;

-- I1. A run is a driver's ordered stops; a trip alone is a run with one trip, a next job or a rider
-- who shares joins the run under way.
CREATE TABLE dispatch.run (
    run_id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES registry.driver,
    shift_id uuid NOT NULL REFERENCES dispatch.shift,
    seats smallint NOT NULL CHECK (seats >= 1),      -- those of the car; set as the run begins
    started_at timestamptz NOT NULL DEFAULT public.service_now(),
    ended_at timestamptz,
    CONSTRAINT a_run_ends_after_it_starts CHECK (ended_at >= started_at),
    CONSTRAINT a_run_and_its_seats UNIQUE (run_id, seats)
);
CREATE UNIQUE INDEX i01_one_active_run_a_driver ON dispatch.run (driver_id) WHERE ended_at IS NULL;
-- I2: nobody says how many seats a car has but its papers.
CREATE FUNCTION dispatch.seat_the_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT vehicle.seats INTO NEW.seats FROM dispatch.shift JOIN registry.vehicle USING (vehicle_id)
        WHERE shift.shift_id = NEW.shift_id;
    RETURN NEW;
END $$;
CREATE TRIGGER i02_the_seats_of_the_car BEFORE INSERT ON dispatch.run
    FOR EACH ROW EXECUTE FUNCTION dispatch.seat_the_run();
GRANT SELECT, INSERT ON dispatch.run TO khan_app;
GRANT UPDATE (ended_at) ON dispatch.run TO khan_app;
CREATE TRIGGER ends_once BEFORE UPDATE ON dispatch.run
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('ended_at');

-- ---------------------------------------------------------------------------------------------
-- Trips and what happened to them.

CREATE TABLE dispatch.trip (
    trip_id uuid PRIMARY KEY,
    rider_id uuid NOT NULL REFERENCES registry.person,
    quote_id uuid NOT NULL CONSTRAINT a_quote_is_booked_once UNIQUE REFERENCES fares.quote,
    booking_rule_id uuid NOT NULL REFERENCES rulebook.rule,   -- fees, waits and limits promised
    state text NOT NULL REFERENCES dispatch.trip_state CHECK (state <> 'none'),
    last_seq integer NOT NULL,
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    open_slot smallint NOT NULL DEFAULT 1 CHECK (open_slot >= 1),
    channel text NOT NULL CHECK (channel IN ('app', 'phone')),
    pickup_lon double precision NOT NULL, pickup_lat double precision NOT NULL,
    dropoff_lon double precision NOT NULL, dropoff_lat double precision NOT NULL,
    pickup_zone text, dropoff_zone text,
    seats smallint NOT NULL CHECK (seats >= 1),
    is_shared boolean NOT NULL DEFAULT false,  -- the rider lets others ride along
    vehicle_class text NOT NULL,
    needs text[] NOT NULL,
    trip_metres integer NOT NULL CHECK (trip_metres >= 0),
    trip_seconds integer NOT NULL CHECK (trip_seconds >= 0),
    pay_minor bigint NOT NULL, total_minor bigint NOT NULL, currency text NOT NULL,
    pin text NOT NULL, pin_tries_left smallint NOT NULL CHECK (pin_tries_left >= 0),
    requested_at timestamptz NOT NULL,
    booked_for timestamptz,
    matching_from timestamptz NOT NULL,       -- from when it looks for a driver: its place in turn
    expires_at timestamptz NOT NULL,
    state_since timestamptz NOT NULL,
    driver_id uuid REFERENCES registry.driver,
    vehicle_id uuid REFERENCES registry.vehicle,
    run_id uuid REFERENCES dispatch.run,
    assigned_at timestamptz, arrived_at timestamptz, boarded_at timestamptz, ended_at timestamptz,
    stop_since timestamptz,
    stops integer NOT NULL DEFAULT 0, stop_seconds integer NOT NULL DEFAULT 0,
    waiting_seconds integer NOT NULL DEFAULT 0,
    metres_driven integer,
    end_reason text,
    CONSTRAINT where_a_trip_goes CHECK (
        pickup_lon BETWEEN -180 AND 180 AND dropoff_lon BETWEEN -180 AND 180
        AND pickup_lat BETWEEN -90 AND 90 AND dropoff_lat BETWEEN -90 AND 90),
    -- I3, I12: who holds a trip follows from its state.
    CONSTRAINT i03_a_driver_when_and_only_when_held CHECK (
        CASE WHEN state IN ('requested', 'scheduled', 'matching', 'unfulfilled')
             THEN driver_id IS NULL AND vehicle_id IS NULL AND run_id IS NULL
             WHEN state IN ('cancelled_by_rider', 'cancelled_by_operator')
             THEN (driver_id IS NULL) = (run_id IS NULL)
             ELSE driver_id IS NOT NULL AND vehicle_id IS NOT NULL AND run_id IS NOT NULL END)
);
-- I4: the number of open requests is policy; each takes one of the rider's slots.
CREATE UNIQUE INDEX i04_one_open_request_a_slot ON dispatch.trip (rider_id, open_slot)
    WHERE state IN ('requested', 'scheduled', 'matching', 'assigned', 'arrived', 'on_board', 'at_stop');
-- Riders who do not share: one on board, one waiting; for the rest I2 counts the seats.
CREATE UNIQUE INDEX i01_one_rider_alone_a_driver ON dispatch.trip (driver_id)
    WHERE state IN ('on_board', 'at_stop') AND NOT is_shared;
CREATE UNIQUE INDEX i01_one_next_job_a_driver ON dispatch.trip (driver_id)
    WHERE state IN ('assigned', 'arrived') AND NOT is_shared;
CREATE INDEX trip_under_way ON dispatch.trip (driver_id)
    WHERE state IN ('assigned', 'arrived', 'on_board', 'at_stop');
CREATE INDEX trip_waiting ON dispatch.trip (matching_from) WHERE state = 'matching';
CREATE INDEX trip_booked ON dispatch.trip (matching_from) WHERE state = 'scheduled';
CREATE INDEX trip_of_rider ON dispatch.trip (rider_id, requested_at DESC);
CREATE INDEX trip_of_driver ON dispatch.trip (driver_id, assigned_at DESC) WHERE driver_id IS NOT NULL;
CREATE INDEX trip_arrived ON dispatch.trip (arrived_at) WHERE arrived_at IS NOT NULL;
CREATE INDEX trip_ended ON dispatch.trip (ended_at) WHERE ended_at IS NOT NULL;
GRANT SELECT, INSERT ON dispatch.trip TO khan_app;
-- What was asked for is not among them.
GRANT UPDATE (state, last_seq, attempt, state_since, driver_id, vehicle_id, run_id,
              assigned_at, arrived_at, boarded_at, ended_at, stop_since, stops, stop_seconds,
              waiting_seconds, metres_driven, end_reason, pin_tries_left)
    ON dispatch.trip TO khan_app;

CREATE TABLE dispatch.trip_event (
    trip_id uuid NOT NULL REFERENCES dispatch.trip,
    seq integer NOT NULL CHECK (seq >= 1),
    seq_before integer GENERATED ALWAYS AS (CASE WHEN seq > 1 THEN seq - 1 END) STORED,
    before text NOT NULL,
    step text NOT NULL,
    after text NOT NULL,
    attempt integer NOT NULL,
    actor text NOT NULL CHECK (actor IN ('rider', 'driver', 'office', 'system')),
    actor_id uuid,
    driver_id uuid,
    reason text,
    occurred_at timestamptz NOT NULL,
    -- I31: the outbox row of this change, in the same commit, and no other change has it.
    event_id uuid NOT NULL CONSTRAINT i31_one_outbox_row_a_step UNIQUE
        CONSTRAINT i31_announced_in_the_same_commit
            REFERENCES storage.outbox (event_id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (trip_id, seq),
    CONSTRAINT i09_the_state_after UNIQUE (trip_id, seq, after),
    CONSTRAINT i09_only_legal_steps FOREIGN KEY (before, step, after)
        REFERENCES dispatch.trip_transition (before, step, after),
    CONSTRAINT i09_no_gap_no_fork FOREIGN KEY (trip_id, seq_before, before)
        REFERENCES dispatch.trip_event (trip_id, seq, after),
    CONSTRAINT i09_begins_with_the_request CHECK ((seq = 1) = (before = 'none'))
);
GRANT SELECT, INSERT ON dispatch.trip_event TO khan_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON dispatch.trip_event
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON dispatch.trip_event
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

-- I9: the trip stands where its last event left it, judged at the commit.
ALTER TABLE dispatch.trip ADD CONSTRAINT i09_stands_where_its_events_left_it
    FOREIGN KEY (trip_id, last_seq, state) REFERENCES dispatch.trip_event (trip_id, seq, after)
    DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION dispatch.check_event_is_the_last() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.trip WHERE trip_id = NEW.trip_id AND last_seq >= NEW.seq;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'trip % has an event it does not know of', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i09_no_event_beside_the_trip';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i09_no_event_beside_the_trip AFTER INSERT ON dispatch.trip_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_event_is_the_last();

-- I10: a final state absorbs; nothing of an ended trip changes. Corrections are new records.
CREATE FUNCTION dispatch.refuse_change_of_ended_trip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (SELECT is_final FROM dispatch.trip_state WHERE state = OLD.state) THEN
        RAISE EXCEPTION 'trip % has ended and does not change', OLD.trip_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'i10_final_states_absorb';
    END IF;
    IF (NEW.trip_id, NEW.rider_id, NEW.quote_id, NEW.booking_rule_id, NEW.requested_at,
        NEW.open_slot, NEW.total_minor, NEW.pin, NEW.seats, NEW.is_shared)
       IS DISTINCT FROM (OLD.trip_id, OLD.rider_id, OLD.quote_id, OLD.booking_rule_id,
        OLD.requested_at, OLD.open_slot, OLD.total_minor, OLD.pin, OLD.seats, OLD.is_shared)
       OR NEW.last_seq < OLD.last_seq OR NEW.pin_tries_left > OLD.pin_tries_left THEN
        RAISE EXCEPTION 'what trip % was asked for does not change', OLD.trip_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_request_stands';
    END IF;
    -- An offer is good for one attempt. Only a release begins another, or an old offer would count.
    IF NEW.attempt <> OLD.attempt
       + CAST(OLD.state IN ('assigned', 'arrived') AND NEW.state = 'matching' AS integer) THEN
        RAISE EXCEPTION 'trip % begins another attempt without a release', OLD.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i06_another_attempt_by_release_only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i10_final_states_absorb BEFORE UPDATE OR DELETE ON dispatch.trip
    FOR EACH ROW EXECUTE FUNCTION dispatch.refuse_change_of_ended_trip();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON dispatch.trip
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

-- I4: the slot lies within the policy that the trip was booked under. And the quote is the rider's
-- own and still valid, by the database's clock.
CREATE FUNCTION dispatch.check_request() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed integer;
    quoted record;
BEGIN
    -- The checks at the commit are of changes, so nothing may come into the world half-way.
    IF NEW.state NOT IN ('requested', 'scheduled') OR NEW.last_seq <> 1 OR NEW.attempt <> 1 THEN
        RAISE EXCEPTION 'trip % does not begin with its request', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i09_a_trip_begins_with_its_request';
    END IF;
    SELECT (body::jsonb ->> 'open_requests_per_rider')::integer INTO allowed
        FROM rulebook.rule WHERE rule_id = NEW.booking_rule_id AND kind = 'booking_policy';
    IF allowed IS NULL OR NEW.open_slot > allowed THEN
        RAISE EXCEPTION 'rider % has too many open requests', NEW.rider_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i04_open_requests_within_policy';
    END IF;
    SELECT * INTO quoted FROM fares.quote WHERE quote_id = NEW.quote_id;
    IF quoted.rider_id <> NEW.rider_id OR quoted.expires_at <= public.service_now()
       OR (quoted.total_minor, quoted.is_shared, quoted.seats)
          <> (NEW.total_minor, NEW.is_shared, NEW.seats) THEN
        RAISE EXCEPTION 'quote % cannot be booked', NEW.quote_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i18_a_valid_quote_of_the_rider';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i04_request BEFORE INSERT ON dispatch.trip
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_request();

-- I3: who held a trip when. The intervals of one trip never overlap.
CREATE TABLE dispatch.assignment (
    trip_id uuid NOT NULL REFERENCES dispatch.trip,
    attempt integer NOT NULL,
    driver_id uuid NOT NULL REFERENCES registry.driver,
    vehicle_id uuid NOT NULL REFERENCES registry.vehicle,
    run_id uuid NOT NULL REFERENCES dispatch.run,
    from_at timestamptz NOT NULL,
    to_at timestamptz,
    PRIMARY KEY (trip_id, attempt),
    CONSTRAINT i03_one_driver_at_a_time
        EXCLUDE USING gist (trip_id WITH =, tstzrange(from_at, to_at) WITH &&)
);
GRANT SELECT, INSERT ON dispatch.assignment TO khan_app;
GRANT UPDATE (to_at) ON dispatch.assignment TO khan_app;
CREATE TRIGGER ends_once BEFORE UPDATE ON dispatch.assignment
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('to_at');
CREATE TRIGGER append_only BEFORE DELETE ON dispatch.assignment
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();

-- I3, from the assignment's side: it is open as long as its trip is held so, and begins open.
CREATE FUNCTION dispatch.check_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.trip WHERE trip_id = NEW.trip_id AND attempt = NEW.attempt
        AND (driver_id, vehicle_id, run_id) = (NEW.driver_id, NEW.vehicle_id, NEW.run_id)
        AND state IN ('assigned', 'arrived', 'on_board', 'at_stop');
    IF FOUND <> (NEW.to_at IS NULL) OR (TG_OP = 'INSERT' AND NEW.to_at IS NOT NULL) THEN
        RAISE EXCEPTION 'trip % is not held as its assignment says', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i03_held_as_assigned';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i03_held_as_assigned AFTER INSERT OR UPDATE ON dispatch.assignment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_assignment();

-- I1: a run lasts at least as long as its trip, or the driver would be free for a second one.
CREATE FUNCTION dispatch.check_run_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.trip WHERE driver_id = NEW.driver_id AND run_id = NEW.run_id
        AND state IN ('assigned', 'arrived', 'on_board', 'at_stop');
    IF FOUND THEN
        RAISE EXCEPTION 'run % ends under its trip', NEW.run_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i01_a_run_outlasts_its_trip';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i01_a_run_outlasts_its_trip AFTER UPDATE OF ended_at ON dispatch.run
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_run_ended();

-- ---------------------------------------------------------------------------------------------
-- The stops of a run, and who sits where between which of them.

CREATE TABLE dispatch.run_stop (
    run_id uuid NOT NULL REFERENCES dispatch.run,
    trip_id uuid NOT NULL REFERENCES dispatch.trip,
    kind text NOT NULL CHECK (kind IN ('pickup', 'dropoff')),
    place integer NOT NULL CHECK (place >= 1),       -- 1 is the run's first; done ones keep theirs
    expected_at timestamptz NOT NULL,                -- as last planned
    latest_at timestamptz,                           -- as promised to a rider who shares
    done_at timestamptz,
    PRIMARY KEY (run_id, trip_id, kind),
    CONSTRAINT one_stop_a_place UNIQUE (run_id, place) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT planned_as_promised CHECK (expected_at <= latest_at)
);
CREATE INDEX stop_ahead ON dispatch.run_stop (run_id, place) WHERE done_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON dispatch.run_stop TO khan_app;

-- I2: a seat is one rider's between two stops. A rider who does not share claims the whole car, so
-- that nobody rides along, and a next job begins where the trip before it ends.
CREATE TABLE dispatch.seat_claim (
    run_id uuid NOT NULL,
    trip_id uuid NOT NULL REFERENCES dispatch.trip,
    nth smallint NOT NULL,                           -- seats side by side are one claim
    car_seats smallint NOT NULL,
    seats int4range NOT NULL,                        -- from 1 to car_seats
    stops int4range NOT NULL,                        -- from the pick-up to before the drop-off
    PRIMARY KEY (run_id, trip_id, nth),
    CONSTRAINT i02_seats_of_this_car
        FOREIGN KEY (run_id, car_seats) REFERENCES dispatch.run (run_id, seats),
    CONSTRAINT i02_seats_within_the_car CHECK (
        NOT isempty(seats) AND lower(seats) >= 1 AND upper(seats) <= car_seats + 1),
    CONSTRAINT a_claim_lasts CHECK (NOT isempty(stops) AND lower(stops) >= 1),
    CONSTRAINT i02_no_seat_twice
        EXCLUDE USING gist (run_id WITH =, seats WITH &&, stops WITH &&)
        DEFERRABLE INITIALLY DEFERRED
);
GRANT SELECT, INSERT, UPDATE, DELETE ON dispatch.seat_claim TO khan_app;

-- Whoever changes a run's stops or seats holds the run: two changes at once have one order.
CREATE FUNCTION dispatch.lock_the_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.run
        WHERE run_id = CASE TG_OP WHEN 'DELETE' THEN OLD.run_id ELSE NEW.run_id END
        FOR NO KEY UPDATE;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER a_run_before_its_stops BEFORE INSERT OR UPDATE OR DELETE ON dispatch.run_stop
    FOR EACH ROW EXECUTE FUNCTION dispatch.lock_the_run();
CREATE TRIGGER a_run_before_its_seats BEFORE INSERT OR UPDATE OR DELETE ON dispatch.seat_claim
    FOR EACH ROW EXECUTE FUNCTION dispatch.lock_the_run();

-- The driver's active run with its stops, locked; without one, the seats of their car. What it tells
-- is as the last holder of the lock left it: each statement of a function looks anew.
CREATE FUNCTION dispatch.locked_run(driver uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    active record;
BEGIN
    SELECT run_id, seats, started_at INTO active FROM dispatch.run
        WHERE driver_id = driver AND ended_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN (SELECT jsonb_build_object('run_id', NULL, 'seats', vehicle.seats)
                FROM dispatch.shift JOIN registry.vehicle USING (vehicle_id)
                WHERE shift.driver_id = driver AND shift.ended_at IS NULL);
    END IF;
    RETURN (
        SELECT jsonb_build_object(
            'run_id', active.run_id, 'seats', active.seats,
            'counted_until', greatest(active.started_at, (
                SELECT max(to_at) FROM dispatch.assignment AS held
                WHERE held.run_id = active.run_id)),
            'stops', coalesce(jsonb_agg(to_jsonb(stop) || jsonb_build_object(
                'riders', trip.seats, 'is_shared', trip.is_shared,
                'blocks', (
                    SELECT jsonb_agg(jsonb_build_array(lower(claim.seats), upper(claim.seats))
                                     ORDER BY nth)
                    FROM dispatch.seat_claim AS claim
                    WHERE (claim.run_id, claim.trip_id) = (stop.run_id, stop.trip_id)))
                ORDER BY place), '[]'))
        FROM dispatch.run_stop AS stop JOIN dispatch.trip USING (trip_id)
        WHERE stop.run_id = active.run_id);
END $$;

-- I2: judged at the commit, of one run under its lock. Stops are done in their order; a rider is on
-- board between theirs and nowhere else; each claim is of a trip's riders, from stop to stop.
CREATE FUNCTION dispatch.check_run(run uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
    first_ahead integer := (
        SELECT min(place) FROM dispatch.run_stop WHERE run_id = run AND done_at IS NULL);
BEGIN
    PERFORM 1 FROM dispatch.run_stop
        WHERE run_id = run AND done_at IS NOT NULL AND place > first_ahead;
    IF FOUND THEN
        RAISE EXCEPTION 'run % passes over a stop', run
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i02_stops_in_order';
    END IF;
    WITH trips AS (
        SELECT trip.trip_id, state, is_shared, trip.seats,
               state IN ('assigned', 'arrived', 'on_board', 'at_stop') AND trip.run_id = run AS held,
               was.place AS from_place, was.done_at AS boarded_at,
               will.place AS to_place, will.done_at AS left_at
        FROM (SELECT trip_id FROM dispatch.run_stop WHERE run_id = run
              UNION SELECT trip_id FROM dispatch.seat_claim WHERE run_id = run
              UNION SELECT trip_id FROM dispatch.trip WHERE run_id = run
                  AND state IN ('assigned', 'arrived', 'on_board', 'at_stop')) AS concerned
        JOIN dispatch.trip USING (trip_id)
        LEFT JOIN dispatch.run_stop AS was
            ON (was.run_id, was.trip_id, was.kind) = (run, trip.trip_id, 'pickup')
        LEFT JOIN dispatch.run_stop AS will
            ON (will.run_id, will.trip_id, will.kind) = (run, trip.trip_id, 'dropoff'))
    SELECT CASE
        WHEN from_place IS NULL OR to_place IS NULL OR from_place >= to_place THEN 'no way'
        WHEN held <> (left_at IS NULL) THEN 'stops without its driver'
        WHEN held AND (state IN ('on_board', 'at_stop')) <> (boarded_at IS NOT NULL) THEN 'a wrong seat'
        WHEN state = 'arrived' AND held AND from_place > first_ahead THEN 'come out of turn'
        WHEN trips.seats > car.seats THEN 'more riders than seats'
        WHEN (SELECT coalesce(sum(upper(claim.seats) - lower(claim.seats)), 0)
              FROM dispatch.seat_claim AS claim
              WHERE (claim.run_id, claim.trip_id, claim.stops)
                  = (run, trips.trip_id, int4range(from_place, to_place)))
             <> CASE WHEN is_shared THEN trips.seats ELSE car.seats END THEN 'not its seats'
        WHEN EXISTS (
            SELECT 1 FROM dispatch.seat_claim AS claim
            WHERE (claim.run_id, claim.trip_id) = (run, trips.trip_id)
              AND claim.stops <> int4range(from_place, to_place)) THEN 'seats elsewhere'
        END || ' for trip ' || trips.trip_id INTO wrong
    FROM trips, dispatch.run AS car WHERE car.run_id = run
    ORDER BY 1 NULLS LAST LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'run % has %', run, wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i02_seats_from_stop_to_stop';
    END IF;
END $$;

CREATE FUNCTION dispatch.check_run_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.run_id IS NOT NULL THEN
        PERFORM dispatch.check_run(OLD.run_id);
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.run_id IS DISTINCT FROM OLD.run_id
                            AND NEW.run_id IS NOT NULL) THEN
        PERFORM dispatch.check_run(NEW.run_id);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i02_seats_from_stop_to_stop AFTER INSERT OR UPDATE OR DELETE
    ON dispatch.run_stop DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_run_of();
CREATE CONSTRAINT TRIGGER i02_seats_from_stop_to_stop AFTER INSERT OR UPDATE OR DELETE
    ON dispatch.seat_claim DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_run_of();
CREATE CONSTRAINT TRIGGER i02_seats_from_stop_to_stop AFTER UPDATE OF state, run_id
    ON dispatch.trip DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_run_of();

-- A driver who gave a trip back, or declined it, is left out for that trip alone.
CREATE TABLE dispatch.exclusion (
    trip_id uuid NOT NULL REFERENCES dispatch.trip,
    driver_id uuid NOT NULL REFERENCES registry.driver,
    because text NOT NULL CHECK (because IN ('declined', 'lapsed', 'released', 'withdrawn')),
    PRIMARY KEY (trip_id, driver_id)
);
GRANT SELECT, INSERT ON dispatch.exclusion TO khan_app;

-- The booking register (London: Private Hire Vehicles Act 1998, s. 4(3)(b), written before the
-- journey). Driver and vehicle are added by the acceptance: dispatch.assignment holds them.
CREATE TABLE dispatch.booking_register (
    trip_id uuid PRIMARY KEY REFERENCES dispatch.trip,
    booked_at timestamptz NOT NULL,
    journey_at timestamptz NOT NULL,
    rider_id uuid NOT NULL,
    pickup text NOT NULL,
    destination text NOT NULL,
    fare_minor bigint NOT NULL,
    currency text NOT NULL,
    taken_by uuid
);
GRANT SELECT, INSERT ON dispatch.booking_register TO khan_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON dispatch.booking_register
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();

CREATE FUNCTION dispatch.check_registered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.booking_register WHERE trip_id = NEW.trip_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'trip % is not in the booking register', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'booked_before_the_journey';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER booked_before_the_journey AFTER INSERT ON dispatch.trip
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_registered();

-- ---------------------------------------------------------------------------------------------
-- Rounds. I15: each decision with its inputs, never changed, so that it can be replayed.

CREATE TABLE dispatch.round (
    round_id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    policy_rule_id uuid NOT NULL REFERENCES rulebook.rule,
    matcher text NOT NULL,
    input bytea NOT NULL,             -- the round's input, its canonical bytes
    input_digest bytea NOT NULL,
    plan bytea NOT NULL,              -- its canonical bytes
    plan_digest bytea NOT NULL,
    joins bytea,                      -- who could join whom, and who did: canonical JSON, zlib
    degraded boolean NOT NULL,
    trips integer NOT NULL, drivers integer NOT NULL, pairs integer NOT NULL,
    pairings integer NOT NULL, offers integer NOT NULL,
    read_ms real NOT NULL, roads_ms real NOT NULL, solve_ms real NOT NULL, total_ms real NOT NULL
);
-- Packed already: compressing them costs as much as deciding the round, for a fifth of the bytes.
ALTER TABLE dispatch.round ALTER COLUMN input SET STORAGE EXTERNAL;
ALTER TABLE dispatch.round ALTER COLUMN plan SET STORAGE EXTERNAL;
CREATE INDEX round_at ON dispatch.round (at);
GRANT SELECT, INSERT ON dispatch.round TO khan_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON dispatch.round
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON dispatch.round
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

-- ---------------------------------------------------------------------------------------------
-- Offers.

CREATE TABLE dispatch.offer (
    offer_id uuid PRIMARY KEY,
    trip_id uuid NOT NULL REFERENCES dispatch.trip,
    attempt integer NOT NULL,
    driver_id uuid NOT NULL REFERENCES registry.driver,
    vehicle_id uuid NOT NULL REFERENCES registry.vehicle,
    shift_id uuid NOT NULL REFERENCES dispatch.shift,
    round_id uuid NOT NULL REFERENCES dispatch.round DEFERRABLE INITIALLY DEFERRED,
    state text NOT NULL DEFAULT 'made'
        CHECK (state IN ('made', 'accepted', 'declined', 'lapsed', 'withdrawn')),
    made_at timestamptz NOT NULL,
    deadline timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    pickup_seconds integer NOT NULL CHECK (pickup_seconds >= 0),
    why jsonb NOT NULL,
    run_trips uuid[] NOT NULL,        -- the driver's trips under way that it was planned with
    plan jsonb NOT NULL,              -- the run's stops as they would be; empty: at its end
    added_seconds integer NOT NULL CHECK (added_seconds >= 0),
    CONSTRAINT an_offer_is_open_or_ended CHECK ((state = 'made') = (ended_at IS NULL)),
    CONSTRAINT an_offer_has_time CHECK (deadline > made_at)
);
-- I5: one open offer a driver, one open offer a trip.
CREATE UNIQUE INDEX i05_one_open_offer_a_driver ON dispatch.offer (driver_id) WHERE state = 'made';
CREATE UNIQUE INDEX i05_one_open_offer_a_trip ON dispatch.offer (trip_id) WHERE state = 'made';
-- I6: an attempt of a trip is accepted once; a released trip begins a new attempt.
CREATE UNIQUE INDEX i06_accepted_once ON dispatch.offer (trip_id, attempt) WHERE state = 'accepted';
CREATE INDEX offer_deadline ON dispatch.offer (deadline) WHERE state = 'made';
CREATE INDEX offer_of_driver ON dispatch.offer (driver_id, made_at DESC);
CREATE INDEX offer_made_at ON dispatch.offer (made_at);
CREATE INDEX offer_of_trip ON dispatch.offer (trip_id);
GRANT SELECT, INSERT ON dispatch.offer TO khan_app;
GRANT UPDATE (state, ended_at, end_reason) ON dispatch.offer TO khan_app;

-- I1: a driver is offered a trip, and takes it, as their run stands: no trip joined it since it was
-- planned. One that left it does no harm. Under the lock of the shift.
CREATE FUNCTION dispatch.check_run_as_planned(driver uuid, planned uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.trip WHERE driver_id = driver AND NOT trip_id = ANY (planned)
        AND state IN ('assigned', 'arrived', 'on_board', 'at_stop');
    IF FOUND THEN
        RAISE EXCEPTION 'driver % has trips that this was not planned with', driver
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i01_offered_as_the_run_stands';
    END IF;
END $$;

-- I7, I12, I14: an offer is made for a trip that is looking, to a driver on shift who is not left out.
CREATE FUNCTION dispatch.check_offer_made() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted record;
BEGIN
    SELECT state, attempt, is_shared INTO wanted FROM dispatch.trip
        WHERE trip_id = NEW.trip_id FOR NO KEY UPDATE;
    IF wanted.state <> 'matching' OR wanted.attempt <> NEW.attempt OR NEW.state <> 'made' THEN
        RAISE EXCEPTION 'trip % is not looking for a driver', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i07_offered_only_while_matching';
    END IF;
    PERFORM 1 FROM dispatch.exclusion WHERE trip_id = NEW.trip_id AND driver_id = NEW.driver_id;
    IF FOUND THEN
        RAISE EXCEPTION 'driver % is left out for trip %', NEW.driver_id, NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'offered_once_a_driver';
    END IF;
    PERFORM 1 FROM dispatch.shift
        WHERE shift_id = NEW.shift_id AND driver_id = NEW.driver_id AND vehicle_id = NEW.vehicle_id
          AND ended_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'driver % is not on shift', NEW.driver_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'offered_on_shift_only';
    END IF;
    PERFORM dispatch.check_run_as_planned(NEW.driver_id, NEW.run_trips);
    -- A rider who does not share is the next job of a driver for whom nobody else waits.
    PERFORM 1 FROM dispatch.trip WHERE driver_id = NEW.driver_id AND NOT wanted.is_shared
        AND state IN ('assigned', 'arrived');
    IF FOUND THEN
        RAISE EXCEPTION 'driver % has a next job', NEW.driver_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i01_one_next_job_a_driver';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i07_offer_made BEFORE INSERT ON dispatch.offer
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_offer_made();

-- I6, I8, I11: how an offer may end.
CREATE FUNCTION dispatch.check_offer_ended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted record;
    reasons text[];
    zones text[];
BEGIN
    IF OLD.state <> 'made' OR NEW.state = 'made' THEN
        RAISE EXCEPTION 'offer % has ended', OLD.offer_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'an_offer_ends_once';
    END IF;
    IF NEW.state = 'lapsed' AND public.service_now() < OLD.deadline THEN
        RAISE EXCEPTION 'offer % still has time', OLD.offer_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i08_lapsed_after_the_deadline';
    END IF;
    IF NEW.state = 'accepted' THEN
        SELECT state, attempt, pickup_zone INTO wanted FROM dispatch.trip
            WHERE trip_id = NEW.trip_id FOR NO KEY UPDATE;
        IF wanted.state <> 'matching' OR wanted.attempt <> NEW.attempt THEN
            RAISE EXCEPTION 'trip % is not looking for a driver', NEW.trip_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i12_accepted_only_while_matching';
        END IF;
        IF public.service_now() >= OLD.deadline THEN
            RAISE EXCEPTION 'offer % came to its deadline', OLD.offer_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i08_accepted_before_the_deadline';
        END IF;
        reasons := registry.unfit_reasons(NEW.driver_id, NEW.vehicle_id, public.service_now());
        zones := registry.zones_of(NEW.driver_id, public.service_now());
        IF zones IS NOT NULL AND NOT coalesce(wanted.pickup_zone = ANY (zones), false) THEN
            reasons := array_append(reasons, 'zone_not_licensed');
        END IF;
        IF cardinality(reasons) > 0 THEN
            RAISE EXCEPTION 'driver % may not work', NEW.driver_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i11_fit_at_acceptance',
                      DETAIL = array_to_string(reasons, ' ');
        END IF;
        -- Not in share: while a driver accepts, no round offers them another trip.
        PERFORM 1 FROM dispatch.shift WHERE shift_id = NEW.shift_id AND ended_at IS NULL
            AND ends_by > public.service_now() FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'driver % is off shift or out of hours', NEW.driver_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i11_on_shift_within_hours';
        END IF;
        PERFORM dispatch.check_run_as_planned(NEW.driver_id, NEW.run_trips);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i08_offer_ended BEFORE UPDATE ON dispatch.offer
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_offer_ended();
CREATE TRIGGER append_only BEFORE DELETE ON dispatch.offer
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();

-- I7, I12: judged at the commit. An open offer means a trip that is looking; a driver got the trip
-- through an accepted offer of this attempt and no other way; a trip looking has nobody's hold on it.
CREATE FUNCTION dispatch.check_trip_and_offers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_is record;
BEGIN
    SELECT state, attempt, driver_id, vehicle_id, run_id INTO now_is
        FROM dispatch.trip WHERE trip_id = NEW.trip_id;
    IF now_is.state <> 'matching' THEN
        PERFORM 1 FROM dispatch.offer WHERE trip_id = NEW.trip_id AND state = 'made';
        IF FOUND THEN
            RAISE EXCEPTION 'trip % is %, yet an offer for it is open', NEW.trip_id, now_is.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i07_no_open_offer_without_matching';
        END IF;
    END IF;
    IF now_is.state IN ('assigned', 'arrived', 'on_board', 'at_stop') THEN
        PERFORM 1 FROM dispatch.offer WHERE trip_id = NEW.trip_id AND state = 'accepted'
            AND attempt = now_is.attempt
            AND (driver_id, vehicle_id) = (now_is.driver_id, now_is.vehicle_id);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'trip % has a driver who accepted no offer', NEW.trip_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i12_a_driver_through_an_offer';
        END IF;
        PERFORM 1 FROM dispatch.assignment AS held JOIN dispatch.run USING (run_id)
            WHERE held.trip_id = NEW.trip_id AND held.attempt = now_is.attempt
            AND (held.driver_id, held.vehicle_id, run_id)
              = (now_is.driver_id, now_is.vehicle_id, now_is.run_id)
            AND held.to_at IS NULL AND run.driver_id = held.driver_id AND run.ended_at IS NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'trip % has a driver and no assignment', NEW.trip_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i03_held_as_assigned';
        END IF;
    ELSE
        PERFORM 1 FROM dispatch.assignment WHERE trip_id = NEW.trip_id AND to_at IS NULL;
        IF FOUND THEN
            RAISE EXCEPTION 'trip % is %, yet a driver still holds it', NEW.trip_id, now_is.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'i03_held_as_assigned';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i07_trip_and_offers
    AFTER UPDATE OF state, attempt, driver_id, vehicle_id, run_id ON dispatch.trip
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_trip_and_offers();

-- An accepted offer leaves the trip held by its driver, in the same commit.
CREATE FUNCTION dispatch.check_accepted_took_the_trip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.assignment WHERE trip_id = NEW.trip_id AND attempt = NEW.attempt
        AND driver_id = NEW.driver_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'offer % was accepted and the trip not assigned', NEW.offer_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i06_accepted_means_assigned';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i06_accepted_means_assigned AFTER UPDATE ON dispatch.offer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'accepted')
    EXECUTE FUNCTION dispatch.check_accepted_took_the_trip();

-- A shift that has ended leaves no open offer, no active run and no position behind.
CREATE FUNCTION dispatch.check_shift_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'shift % has ended', OLD.shift_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_shift_ends_once';
    END IF;
    PERFORM 1 FROM dispatch.run WHERE shift_id = NEW.shift_id AND ended_at IS NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'shift % has a run under way', NEW.shift_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_run_outlives_its_shift';
    END IF;
    PERFORM 1 FROM dispatch.offer WHERE driver_id = NEW.driver_id AND state = 'made';
    IF FOUND THEN
        RAISE EXCEPTION 'shift % has an open offer', NEW.shift_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_offer_outlives_its_shift';
    END IF;
    -- I30: off shift, no position is kept.
    DELETE FROM dispatch.position WHERE driver_id = NEW.driver_id;
    RETURN NEW;
END $$;
CREATE TRIGGER a_shift_ends_clean BEFORE UPDATE ON dispatch.shift
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_shift_ended();

-- I31: what becomes of an offer or a shift is announced in the same commit, by the key that the
-- outbox takes once (dispatch/events.py).
CREATE FUNCTION dispatch.check_announced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := to_jsonb(NEW);
    change text := concat(changed ->> (TG_TABLE_NAME || '_id'), ':', TG_TABLE_NAME, '_',
        coalesce(changed ->> 'state', CASE TG_OP WHEN 'INSERT' THEN 'started' ELSE 'ended' END));
BEGIN
    PERFORM 1 FROM storage.outbox WHERE topic = TG_TABLE_NAME AND key = change;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not announced', change
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i31_announced_in_the_same_commit';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i31_announced_in_the_same_commit AFTER INSERT OR UPDATE ON dispatch.offer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_announced();
CREATE CONSTRAINT TRIGGER i31_announced_in_the_same_commit AFTER INSERT OR UPDATE ON dispatch.shift
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_announced();

-- ---------------------------------------------------------------------------------------------
-- Positions: the last one of each driver on shift, so that a restarted service knows where they
-- are. Written in batches; may be lost in a crash, for the next message brings it back.

CREATE UNLOGGED TABLE dispatch.position (
    driver_id uuid PRIMARY KEY,
    shift_id uuid NOT NULL,
    seq bigint NOT NULL,
    lon double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    heading smallint NOT NULL CHECK (heading BETWEEN 0 AND 359),
    at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON dispatch.position TO khan_app;

-- I14, I30: an older message of the shift changes nothing; a position off shift is not stored.
CREATE FUNCTION dispatch.check_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.shift_id = OLD.shift_id AND NEW.seq <= OLD.seq THEN
        RAISE EXCEPTION 'position % of driver % is not newer', NEW.seq, NEW.driver_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i14_newer_positions_only';
    END IF;
    PERFORM 1 FROM dispatch.shift
        WHERE shift_id = NEW.shift_id AND driver_id = NEW.driver_id AND ended_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'driver % is not on shift', NEW.driver_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i30_no_position_off_shift';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i14_position BEFORE INSERT OR UPDATE ON dispatch.position
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_position();

-- ---------------------------------------------------------------------------------------------
-- After the trip.

CREATE TABLE dispatch.rating (
    trip_id uuid PRIMARY KEY REFERENCES dispatch.trip,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    comment text CHECK (length(comment) <= 1000),
    rated_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON dispatch.rating TO khan_app;

CREATE TABLE dispatch.share_link (
    digest bytea PRIMARY KEY,         -- SHA-256 of the token; the token itself is never stored
    trip_id uuid NOT NULL REFERENCES dispatch.trip,
    made_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON dispatch.share_link TO khan_app;

-- I17: completed if and only if exactly one fare is posted, in the same commit. The books take one
-- charge a trip; the two checks here tie it to the trip, from either side.
CREATE FUNCTION dispatch.check_fare_of_completed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT ledger.fare_is_posted(NEW.trip_id) THEN
        RAISE EXCEPTION 'trip % is completed and its fare not posted', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i17_completed_means_paid';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i17_completed_means_paid AFTER UPDATE OF state ON dispatch.trip
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'completed')
    EXECUTE FUNCTION dispatch.check_fare_of_completed();

-- The other half: what a trip is charged follows from how it ended, and it is charged as it was
-- asked for (I18): by its own quote, its own rider, for its own driver.
CREATE FUNCTION dispatch.check_trip_of_charge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ended record;
BEGIN
    SELECT state, quote_id, rider_id, driver_id INTO ended
        FROM dispatch.trip WHERE trip_id = NEW.trip_id;
    IF ended.state IS DISTINCT FROM (CASE NEW.kind WHEN 'fare' THEN 'completed'
            WHEN 'no_show_fee' THEN 'no_show' ELSE 'cancelled_by_rider' END) THEN
        RAISE EXCEPTION 'trip % is %, and was charged a %', NEW.trip_id, ended.state, NEW.kind
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i17_paid_means_completed';
    END IF;
    IF (ended.rider_id, ended.driver_id) IS DISTINCT FROM (NEW.rider_id, NEW.driver_id)
       OR ended.quote_id <> NEW.quote_id THEN
        RAISE EXCEPTION 'trip % was charged otherwise than it was asked for', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i18_charged_as_asked_for';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i17_paid_means_completed AFTER INSERT ON ledger.charge
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_trip_of_charge();
