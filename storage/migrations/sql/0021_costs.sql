-- What drivers write down of their own costs: theirs alone, never changed, put right by new rows.

-- An amount of nothing takes back what it replaces. Of an allowance by the kilometre the amount follows
-- from metres and rate (mills are thousandths of a minor unit), rounded half up, once.
CREATE TABLE ledger.driver_cost (
    cost_id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES registry.driver,
    kind text NOT NULL CONSTRAINT a_known_kind_of_cost
        CHECK (kind IN ('fuel', 'charging', 'insurance', 'repairs', 'distance', 'other')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint NOT NULL CONSTRAINT a_cost_is_not_negative
        CHECK (amount_minor BETWEEN 0 AND 1000000000),
    spent_on date NOT NULL,            -- in the city's zone
    covers_until date,                 -- the last of the days that it is spread over; itself one of them
    metres bigint,
    per_km_mills bigint,
    note text CHECK (length(note) BETWEEN 1 AND 120),
    replaces uuid CONSTRAINT a_cost_is_put_right_once UNIQUE,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT a_cost_of_its_driver UNIQUE (cost_id, driver_id, currency),
    CONSTRAINT puts_right_the_drivers_own FOREIGN KEY (replaces, driver_id, currency)
        REFERENCES ledger.driver_cost (cost_id, driver_id, currency),
    CONSTRAINT puts_right_another CHECK (replaces <> cost_id),
    CONSTRAINT nothing_only_takes_back CHECK (amount_minor > 0 OR replaces IS NOT NULL),
    CONSTRAINT spread_over_a_year_at_most CHECK (covers_until BETWEEN spent_on AND spent_on + 366),
    CONSTRAINT spent_already
        CHECK (spent_on BETWEEN CAST('2000-01-01' AS date) AND CAST(made_at AT TIME ZONE 'UTC' AS date) + 1),
    CONSTRAINT an_allowance_has_metres_and_rate CHECK (
        (kind = 'distance' AND amount_minor > 0) = (metres IS NOT NULL) AND (metres IS NULL) = (per_km_mills IS NULL)),
    CONSTRAINT an_allowance_is_metres_by_rate CHECK (
        metres BETWEEN 1 AND 100000000 AND per_km_mills BETWEEN 1 AND 100000000
        AND amount_minor = div(2 * CAST(metres AS numeric) * per_km_mills + 1000000, 2000000))
);
CREATE INDEX driver_cost_driver ON ledger.driver_cost (driver_id, spent_on);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.driver_cost
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.driver_cost
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

-- The service writes them and cannot look through them: it asks for one driver's, by name. The office's
-- and every other role have neither.
GRANT INSERT ON ledger.driver_cost TO khan_app;
CREATE FUNCTION ledger.costs_of(of_driver uuid) RETURNS SETOF ledger.driver_cost
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM ledger.driver_cost WHERE driver_id = of_driver ORDER BY spent_on, made_at, cost_id
$$;
REVOKE EXECUTE ON FUNCTION ledger.costs_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.costs_of TO khan_app;
