-- Quotes: a price promised for a while, with everything it was computed from.

CREATE SCHEMA fares;
GRANT USAGE ON SCHEMA fares TO khan_app;

CREATE FUNCTION fares.sum_of_lines(lines jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(sum(CAST(line ->> 'amount_minor' AS bigint)), 0)
    FROM jsonb_array_elements(lines) AS line
$$;

CREATE TABLE fares.quote (
    quote_id uuid PRIMARY KEY,
    rider_id uuid NOT NULL,
    pickup_lon double precision NOT NULL,
    pickup_lat double precision NOT NULL,
    dropoff_lon double precision NOT NULL,
    dropoff_lat double precision NOT NULL,
    metres integer NOT NULL CHECK (metres BETWEEN 0 AND 3000000),
    seconds integer NOT NULL CHECK (seconds BETWEEN 0 AND 604800),
    route_line text NOT NULL,
    vehicle_class text NOT NULL,
    seats smallint NOT NULL CHECK (seats >= 1),
    stops smallint NOT NULL CHECK (stops >= 0),
    is_shared boolean NOT NULL DEFAULT false,
    needs text[] NOT NULL,
    zone_from text,
    zone_to text,
    concession text,
    tariff_rule_id uuid NOT NULL,
    tariff_kind text NOT NULL DEFAULT 'tariff' CHECK (tariff_kind = 'tariff'),
    pay_floor_rule_id uuid NOT NULL,
    pay_floor_kind text NOT NULL DEFAULT 'pay_floor' CHECK (pay_floor_kind = 'pay_floor'),
    priced_at timestamptz NOT NULL,
    lines jsonb NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    driver_pay_minor bigint NOT NULL CHECK (driver_pay_minor >= 0),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    booked_for timestamptz,
    degraded boolean NOT NULL,
    CONSTRAINT total_is_the_sum_of_lines CHECK (fares.sum_of_lines(lines) = total_minor),
    CONSTRAINT stands_for_a_while CHECK (expires_at > made_at),
    CONSTRAINT priced_at_the_pickup CHECK (priced_at = coalesce(booked_for, made_at)),
    -- I18: a quote names a tariff and a pay floor that exist. Trip and fare refer to a quote by
    -- both columns of `quote_and_its_tariff`, so that they cannot name another tariff than the
    -- one quoted.
    CONSTRAINT priced_by_a_tariff
        FOREIGN KEY (tariff_rule_id, tariff_kind) REFERENCES rulebook.rule (rule_id, kind),
    CONSTRAINT paid_by_a_pay_floor
        FOREIGN KEY (pay_floor_rule_id, pay_floor_kind) REFERENCES rulebook.rule (rule_id, kind),
    CONSTRAINT quote_and_its_tariff UNIQUE (quote_id, tariff_rule_id),
    CONSTRAINT quote_and_its_rider UNIQUE (quote_id, rider_id)
);
COMMENT ON COLUMN fares.quote.route_line IS 'encoded polyline, five decimals';

-- I18: the rules quoted are the ones in force at the instant the price is for. A foreign key
-- cannot say this.
CREATE FUNCTION fares.refuse_rules_of_another_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF 2 <> (SELECT count(*) FROM rulebook.rule
             WHERE rule_id IN (NEW.tariff_rule_id, NEW.pay_floor_rule_id)
               AND valid_from <= NEW.priced_at
               AND NOT EXISTS (SELECT 1 FROM rulebook.rule AS next
                               WHERE next.supersedes = rule.rule_id
                                 AND next.valid_from <= NEW.priced_at)) THEN
        RAISE EXCEPTION 'a quote is priced by the rules in force at its instant'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rules_in_force_when_priced';
    END IF;
    RETURN NULL;
END $$;
-- After the row, hence after the foreign keys have locked the rules: whoever enacts the next version
-- locks the one before it, so that it comes either before this look or after the quote's commit.
CREATE TRIGGER rules_in_force_when_priced AFTER INSERT ON fares.quote
    FOR EACH ROW EXECUTE FUNCTION fares.refuse_rules_of_another_time();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON fares.quote
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON fares.quote
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

GRANT SELECT, INSERT ON fares.quote TO khan_app;
