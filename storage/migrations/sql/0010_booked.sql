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
