-- Trips booked ahead: who was told that nobody has been found. What drivers wish of their shift.

-- Told once a trip, in the commit that announces it (I31).
CREATE TABLE dispatch.booking_warning (
    trip_id uuid PRIMARY KEY REFERENCES dispatch.trip,
    warned_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON dispatch.booking_warning TO khan_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON dispatch.booking_warning
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();

CREATE FUNCTION dispatch.check_booking_warning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.trip WHERE trip_id = NEW.trip_id
        AND booked_for IS NOT NULL AND state IN ('scheduled', 'matching');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'trip % is not a booking without a driver', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'warned_of_bookings_without_a_driver';
    END IF;
    PERFORM 1 FROM storage.outbox
        WHERE topic = 'booking' AND key = NEW.trip_id || ':booking_at_risk';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the warning of trip % is not announced', NEW.trip_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i31_announced_in_the_same_commit';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i31_announced_in_the_same_commit AFTER INSERT ON dispatch.booking_warning
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dispatch.check_booking_warning();

-- How long a rider waits for a car, for the search of booked trips: those who waited lately.
CREATE INDEX trip_waited ON dispatch.trip (matching_from) WHERE booked_for IS NULL;

-- What a driver says of their shift: where they would like to end it, on a grid of a hundredth of a
-- degree, and how far the car still goes. Gone with the shift (I30).
CREATE TABLE dispatch.shift_wish (
    shift_id uuid PRIMARY KEY REFERENCES dispatch.shift,
    homeward_lon numeric(5, 2) CHECK (homeward_lon BETWEEN -180 AND 180),
    homeward_lat numeric(4, 2) CHECK (homeward_lat BETWEEN -90 AND 90),
    range_metres integer CHECK (range_metres >= 0),
    range_said_at timestamptz,
    CONSTRAINT a_place_is_whole CHECK ((homeward_lon IS NULL) = (homeward_lat IS NULL)),
    CONSTRAINT a_range_is_of_a_time CHECK ((range_metres IS NULL) = (range_said_at IS NULL))
);
GRANT SELECT, INSERT, UPDATE, DELETE ON dispatch.shift_wish TO khan_app;

CREATE FUNCTION dispatch.check_shift_wish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM dispatch.shift WHERE shift_id = NEW.shift_id AND ended_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shift % is over', NEW.shift_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'i30_no_place_off_shift';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i30_no_place_off_shift BEFORE INSERT OR UPDATE ON dispatch.shift_wish
    FOR EACH ROW EXECUTE FUNCTION dispatch.check_shift_wish();

CREATE FUNCTION dispatch.forget_shift_wish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM dispatch.shift_wish WHERE shift_id = NEW.shift_id;
    RETURN NULL;
END $$;
CREATE TRIGGER i30_wishes_end_with_the_shift AFTER UPDATE OF ended_at ON dispatch.shift
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION dispatch.forget_shift_wish();
