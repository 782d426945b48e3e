-- The books. A transfer moves money between accounts by two or more entries that sum to zero; a
-- debit is positive, a credit negative. Nothing here is ever changed: what was pending is ended by
-- another transfer, what was wrong is put right by a further one. Balances are sums, not rows.

CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO khan_app;

-- The chart of accounts. A new purpose of money is a new row here.
CREATE TABLE ledger.role (
    role text PRIMARY KEY,
    owned_by text NOT NULL CHECK (owned_by IN ('person', 'house')),
    normal_side text NOT NULL CHECK (normal_side IN ('debit', 'credit')),
    title text NOT NULL,
    UNIQUE (role, owned_by)
);
INSERT INTO ledger.role (role, owned_by, normal_side, title) VALUES
    ('rider', 'person', 'debit', 'owed by the rider'),
    ('driver', 'person', 'credit', 'owed to the driver-member'),
    ('cooperative', 'house', 'credit', 'income of the co-operative, less its top-ups of drivers'' pay'),
    ('city', 'house', 'credit', 'levy and dues owed to the city'),
    ('funder', 'house', 'debit', 'owed by the city for the concessions it grants'),
    ('clearing', 'house', 'credit', 'the other side of fares held and not yet taken');
GRANT SELECT ON ledger.role TO khan_app;

-- The identifier that follows from an account's name: a version 8 UUID over SHA-256 (RFC 9562,
-- appendix B.2), as ledger/account.py makes it.
CREATE FUNCTION ledger.account_id(role text, owner_id uuid, currency text) RETURNS uuid
LANGUAGE sql IMMUTABLE
    RETURN (
        SELECT CAST(encode(set_byte(set_byte(substr(digest, 1, 16),
                                             6, get_byte(digest, 6) & 15 | 128),
                                    8, get_byte(digest, 8) & 63 | 128), 'hex') AS uuid)
        FROM sha256(convert_to('khan ledger' || concat_ws(E'\n', 'account', role,
            coalesce(CAST(owner_id AS text), ''), currency), 'UTF8')) AS digest
    );

-- Opened when something is first entered in it. A settlement looks nothing up: it knows the
-- identifiers from the names.
CREATE TABLE ledger.account (
    account_id uuid PRIMARY KEY,
    role text NOT NULL,
    owned_by text NOT NULL,
    owner_id uuid,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    opened_at timestamptz NOT NULL,
    CONSTRAINT one_account_a_role_owner_and_currency
        UNIQUE NULLS NOT DISTINCT (role, owner_id, currency),
    CONSTRAINT account_id_follows_from_its_name
        CHECK (account_id = ledger.account_id(role, owner_id, currency)),
    CONSTRAINT role_in_the_chart FOREIGN KEY (role, owned_by) REFERENCES ledger.role (role, owned_by),
    CONSTRAINT person_account_has_an_owner CHECK ((owner_id IS NOT NULL) = (owned_by = 'person'))
);
CREATE INDEX account_owner ON ledger.account (owner_id) WHERE owner_id IS NOT NULL;
GRANT SELECT, INSERT ON ledger.account TO khan_app;

-- One act of book-keeping. (trip, kind, ordinal) names it; its identifier follows from the name
-- (ledger/transfer.py), so that whoever repeats an act repeats the identifier.
CREATE TABLE ledger.transfer (
    transfer_id uuid PRIMARY KEY,
    kind text NOT NULL,
    state text NOT NULL GENERATED ALWAYS AS (
        CASE kind WHEN 'hold' THEN 'pending' WHEN 'void' THEN 'voided' ELSE 'posted' END
    ) STORED,
    trip_id uuid NOT NULL,
    ordinal smallint NOT NULL DEFAULT 1,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    entries smallint NOT NULL,
    resolves uuid,
    expires_at timestamptz,
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    made_at timestamptz NOT NULL,
    CONSTRAINT known_kind CHECK (
        kind IN ('hold', 'void', 'fare', 'cancellation_fee', 'no_show_fee', 'tip', 'refund')
    ),
    -- I17: with `first_and_only`, a trip has one fare at most, one tip, one fee of each kind.
    CONSTRAINT one_transfer_a_trip_kind_and_ordinal UNIQUE (trip_id, kind, ordinal),
    CONSTRAINT first_and_only
        CHECK (ordinal = 1 OR (ordinal > 1 AND kind IN ('hold', 'void', 'refund'))),
    -- I16: two entries at least; a void moves nothing, it ends a hold.
    CONSTRAINT two_entries_at_least CHECK (CASE kind WHEN 'void' THEN entries = 0 ELSE entries >= 2 END),
    -- Two phases: a pending transfer is posted or voided exactly once, and only a pending one is.
    CONSTRAINT a_hold_ends_once UNIQUE (resolves),
    CONSTRAINT a_void_ends_a_hold CHECK (kind <> 'void' OR resolves IS NOT NULL),
    CONSTRAINT only_a_charge_or_a_void_ends_a_hold CHECK (
        resolves IS NULL OR kind IN ('void', 'fare', 'cancellation_fee', 'no_show_fee')
    ),
    CONSTRAINT only_a_hold_expires CHECK (expires_at IS NULL OR kind = 'hold'),
    CONSTRAINT a_refund_has_a_reason CHECK (kind <> 'refund' OR reason IS NOT NULL)
);
CREATE INDEX hold_expiry ON ledger.transfer (expires_at) WHERE expires_at IS NOT NULL;
GRANT SELECT, INSERT ON ledger.transfer TO khan_app;

-- One side of a transfer. References are checked by `entries_are_whole_and_balanced`, once a
-- statement: foreign keys would lock the house's accounts in every settlement at once, and what
-- they refer to can never go away.
CREATE TABLE ledger.entry (
    transfer_id uuid NOT NULL,
    line smallint NOT NULL,
    account_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    code text NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
    share_of_minor bigint,
    share_bps integer CHECK (share_bps BETWEEN 1 AND 10000),
    made_at timestamptz NOT NULL,
    -- What rounding gave the account (or took, below zero), in ten-thousandths of a minor unit.
    rounding bigint GENERATED ALWAYS AS (
        CASE WHEN share_bps IS NOT NULL
             THEN -(amount_minor * 10000 + share_of_minor * share_bps) END
    ) STORED,
    PRIMARY KEY (transfer_id, line),
    CONSTRAINT share_says_of_what CHECK ((share_of_minor IS NULL) = (share_bps IS NULL)),
    -- I20: a share is within one minor unit of the exact one; `rounding` names the account.
    CONSTRAINT rounding_below_one_minor_unit CHECK (abs(rounding) < 10000)
);
CREATE INDEX entry_account ON ledger.entry (account_id, made_at);
GRANT SELECT, INSERT ON ledger.entry TO khan_app;

-- Lines that come after the quote: waiting, stops added, another destination, outlays
-- (fares/fare.py).
CREATE FUNCTION ledger.is_change(code text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN code IN ('waiting', 'added_stops') OR starts_with(code, 'change.')
        OR starts_with(code, 'pass_through.');

-- What a trip was charged: its fare, or a fee. One row a trip.
CREATE TABLE ledger.charge (
    trip_id uuid CONSTRAINT one_charge_a_trip PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('fare', 'cancellation_fee', 'no_show_fee')),
    ordinal smallint NOT NULL DEFAULT 1 CHECK (ordinal = 1),
    rider_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    tariff_rule_id uuid NOT NULL,
    quote_id uuid,
    document jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT a_fare_names_its_quote
        CHECK ((kind = 'fare') = (quote_id IS NOT NULL)),
    -- I18: the tariff of a fare is the one quoted.
    CONSTRAINT the_tariff_is_the_one_quoted
        FOREIGN KEY (quote_id, tariff_rule_id) REFERENCES fares.quote (quote_id, tariff_rule_id),
    CONSTRAINT a_charge_is_posted
        FOREIGN KEY (trip_id, kind, ordinal) REFERENCES ledger.transfer (trip_id, kind, ordinal)
);
GRANT SELECT, INSERT ON ledger.charge TO khan_app;

-- The work that members did, as dispatch saw it: statements, fairness and patronage read it. Seconds
-- and metres are the car's: each counts once, however many riders share it. What each rider rode is
-- dispatch.trip.metres_driven.
CREATE TABLE ledger.work_record (
    work_record_id uuid PRIMARY KEY,
    driver_id uuid NOT NULL,
    shift_id uuid NOT NULL,
    trip_id uuid,
    seconds_on_shift integer NOT NULL CHECK (seconds_on_shift >= 0),
    seconds_engaged integer NOT NULL CHECK (seconds_engaged >= 0),
    metres integer NOT NULL CHECK (metres >= 0),
    trips smallint NOT NULL CHECK (trips IN (0, 1)),
    made_at timestamptz NOT NULL,
    CONSTRAINT a_counted_trip_is_named CHECK (trips = 0 OR trip_id IS NOT NULL)
);
CREATE UNIQUE INDEX a_trip_counts_once ON ledger.work_record (trip_id) WHERE trips = 1;
CREATE INDEX work_record_driver ON ledger.work_record (driver_id, made_at);
GRANT SELECT, INSERT ON ledger.work_record TO khan_app;

-- Append-only, whoever asks, the owner too.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['role', 'account', 'transfer', 'entry', 'charge', 'work_record'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.%I
                 FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;

-- A refusal with the name of the rule that it upholds.
CREATE FUNCTION ledger.refuse(rule text, sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', sentence USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

-- I16: the entries of a transfer come in one statement, numbered 1 to `entries`, in accounts of its
-- currency, and sum to zero. Since the numbers are then taken, none can be added later, in this
-- transaction or any other. One query a statement: a check for each row is quadratic.
CREATE FUNCTION ledger.check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT entry.transfer_id,
           bool_or(transfer.transfer_id IS NULL) AS homeless,
           bool_or(account.currency IS DISTINCT FROM transfer.currency) AS mixed,
           bool_or(entry.made_at IS DISTINCT FROM transfer.made_at) AS misdated,
           sum(entry.amount_minor) AS sum_minor
    INTO wrong
    FROM fresh AS entry
    -- LATERAL, so that each is found by its index whatever the statistics of a young table say.
    LEFT JOIN LATERAL (
        SELECT * FROM ledger.transfer WHERE transfer.transfer_id = entry.transfer_id LIMIT 1
    ) AS transfer ON true
    LEFT JOIN LATERAL (
        SELECT * FROM ledger.account WHERE account.account_id = entry.account_id LIMIT 1
    ) AS account ON true
    GROUP BY entry.transfer_id
    HAVING count(*) IS DISTINCT FROM max(transfer.entries) OR min(line) <> 1
        OR max(line) <> count(*) OR sum(entry.amount_minor) <> 0
        OR bool_or(account.currency IS DISTINCT FROM transfer.currency)
        OR bool_or(entry.made_at IS DISTINCT FROM transfer.made_at)
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM CASE
        WHEN wrong.homeless THEN ledger.refuse('entry_of_a_transfer', 'an entry belongs to a transfer')
        WHEN wrong.mixed THEN ledger.refuse('one_currency_a_transfer',
            'an entry is in an account of its transfer''s currency')
        WHEN wrong.misdated THEN ledger.refuse('entry_of_a_transfer',
            'an entry is made with its transfer')
        WHEN wrong.sum_minor <> 0 THEN ledger.refuse('sums_to_zero',
            format('transfer %s sums to %s, not to zero', wrong.transfer_id, wrong.sum_minor))
        ELSE ledger.refuse('never_extended',
            format('the entries of transfer %s come once and all together', wrong.transfer_id))
    END;
    RETURN NULL;
END $$;
CREATE TRIGGER entries_are_whole_and_balanced AFTER INSERT ON ledger.entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_entries();

-- What an act that refers to an earlier one must find. The earlier rows cannot change, and the
-- unique constraints above decide between two acts at once, so that no lock is needed.
CREATE FUNCTION ledger.check_succession() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hold ledger.transfer;
BEGIN
    IF NEW.resolves IS NOT NULL THEN
        SELECT * INTO hold FROM ledger.transfer WHERE transfer_id = NEW.resolves;
        IF hold.kind IS DISTINCT FROM 'hold' OR hold.trip_id <> NEW.trip_id
           OR hold.currency <> NEW.currency THEN
            PERFORM ledger.refuse('ends_a_hold_of_its_trip', 'only a hold of the same trip is ended');
        END IF;
        -- A hold whose time is over can be voided only.
        IF NEW.kind <> 'void' AND hold.expires_at <= public.service_now() THEN
            PERFORM ledger.refuse('hold_still_stands', 'the hold ran out and cannot be posted');
        END IF;
    END IF;
    IF NEW.ordinal > 1 AND NEW.kind IN ('hold', 'refund') THEN
        -- A trip has at most one open hold: the one before was voided.
        PERFORM FROM ledger.transfer AS before
        WHERE before.trip_id = NEW.trip_id AND before.kind = NEW.kind
          AND before.ordinal = NEW.ordinal - 1
          AND (before.kind <> 'hold' OR EXISTS (
              SELECT FROM ledger.transfer AS void
              WHERE void.resolves = before.transfer_id AND void.kind = 'void'));
        IF NOT FOUND THEN
            PERFORM ledger.refuse('one_open_hold_a_trip',
                format('the %s before this one is missing or still open', NEW.kind));
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER follows_what_was_before BEFORE INSERT ON ledger.transfer
    FOR EACH ROW WHEN (NEW.resolves IS NOT NULL OR NEW.ordinal > 1)
    EXECUTE FUNCTION ledger.check_succession();

-- I17: a fare is what was quoted, and changes that are lines of their own. I20: its shares are the
-- adopted split of the lines that are divided. From the charge's own lines, its quote, its tariff
-- and its entries, at the commit.
CREATE FUNCTION ledger.check_charge(charged ledger.transfer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    charge ledger.charge;
    lines record;
    promised record;
    entered record;
BEGIN
    SELECT * INTO charge FROM ledger.charge WHERE trip_id = charged.trip_id AND kind = charged.kind;
    IF charge.trip_id IS NULL OR charge.currency <> charged.currency THEN
        PERFORM ledger.refuse('a_charge_has_its_lines', 'a charge comes with its lines');
    END IF;
    SELECT coalesce(sum(minor), 0) AS total,
           coalesce(sum(minor) FILTER (WHERE NOT ledger.is_change(code)), 0) AS quoted,
           coalesce(sum(minor) FILTER (WHERE goes_to = 'split'), 0) AS base
    INTO lines
    FROM (SELECT CAST(line ->> 'amount_minor' AS bigint) AS minor, line ->> 'code' AS code,
                 line ->> 'goes_to' AS goes_to
          FROM jsonb_array_elements(charge.document -> 'lines') AS line) AS line;
    IF lines.total <> charge.total_minor THEN
        PERFORM ledger.refuse('the_total_is_the_sum_of_its_lines', format(
            'trip %s: the lines sum to %s, not to %s',
            charge.trip_id, lines.total, charge.total_minor));
    END IF;
    SELECT quote.total_minor, quote.currency, quote.rider_id, CAST(rule.body AS jsonb) -> 'share' AS share
    INTO promised
    FROM rulebook.rule LEFT JOIN fares.quote ON quote.quote_id = charge.quote_id
    WHERE rule.rule_id = charge.tariff_rule_id AND rule.kind = 'tariff';
    IF charge.kind = 'fare'
       AND (promised.total_minor, promised.currency, promised.rider_id)
           IS DISTINCT FROM (lines.quoted, charge.currency, charge.rider_id) THEN
        PERFORM ledger.refuse('the_fare_is_the_quote_and_itemised_changes', format(
            'trip %s: %s was quoted to the rider, and the lines say %s',
            charge.trip_id, promised.total_minor, lines.quoted));
    END IF;
    SELECT sum(entry.amount_minor)
               FILTER (WHERE account.role = 'rider' AND account.owner_id = charge.rider_id) AS rider,
           -sum(entry.amount_minor) FILTER (WHERE share_bps IS NOT NULL) AS shared,
           min(share_of_minor) AS base, max(share_of_minor) AS base_max, sum(share_bps) AS bps,
           sum(share_bps) FILTER (
               WHERE account.role = 'driver' AND account.owner_id = charge.driver_id) AS driver_bps,
           sum(share_bps) FILTER (WHERE account.role = 'cooperative') AS coop_bps,
           sum(share_bps) FILTER (WHERE account.role = 'city') AS city_bps
    INTO entered
    FROM ledger.entry CROSS JOIN LATERAL (
        SELECT * FROM ledger.account WHERE account.account_id = entry.account_id LIMIT 1
    ) AS account
    WHERE transfer_id = charged.transfer_id;
    IF entered.rider IS DISTINCT FROM charge.total_minor THEN
        PERFORM ledger.refuse('the_rider_pays_the_total', format(
            'trip %s: the rider is charged %s, the lines sum to %s',
            charge.trip_id, entered.rider, charge.total_minor));
    END IF;
    IF promised.share IS NULL OR entered.bps IS DISTINCT FROM 10000
       OR coalesce(entered.driver_bps, 0) <> CAST(promised.share ->> 'driver_bps' AS integer)
       OR coalesce(entered.coop_bps, 0) <> CAST(promised.share ->> 'coop_bps' AS integer)
       OR coalesce(entered.city_bps, 0) <> CAST(promised.share ->> 'city_bps' AS integer)
       OR (entered.base, entered.base_max, entered.shared) <> (lines.base, lines.base, lines.base) THEN
        PERFORM ledger.refuse('shares_follow_the_adopted_split', format(
            'trip %s: the shares are not those of its tariff', charge.trip_id));
    END IF;
    -- A trip has one open hold at most, so a charge that posts one leaves none.
    IF charged.resolves IS NULL AND EXISTS (
        SELECT FROM ledger.transfer AS hold
        WHERE hold.trip_id = charged.trip_id AND hold.kind = 'hold'
          AND coalesce(hold.expires_at > public.service_now(), true)
          AND NOT EXISTS (
              SELECT FROM ledger.transfer AS ending WHERE ending.resolves = hold.transfer_id)) THEN
        PERFORM ledger.refuse('a_charge_ends_the_hold', 'a charge leaves no hold of its trip open');
    END IF;
END $$;

-- Deferred, because a transfer is written before its entries, and announced last of all.
CREATE FUNCTION ledger.check_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.entries > 0
       AND NOT EXISTS (SELECT FROM ledger.entry WHERE transfer_id = NEW.transfer_id) THEN
        PERFORM ledger.refuse('sums_to_zero', format('transfer %s has no entries', NEW.transfer_id));
    END IF;
    -- I31: what is written in the books is announced in the same commit.
    IF NOT EXISTS (SELECT FROM storage.outbox
                   WHERE topic = 'ledger' AND key = NEW.transfer_id::text) THEN
        PERFORM ledger.refuse('announced_in_the_same_commit',
            format('transfer %s is not announced', NEW.transfer_id));
    END IF;
    IF NEW.kind IN ('fare', 'cancellation_fee', 'no_show_fee') THEN
        PERFORM ledger.check_charge(NEW);
    ELSIF NEW.kind = 'refund' THEN
        PERFORM ledger.check_refund(NEW);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_transfer_is_finished AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_transfer();

-- I21, the part that is ours: all refunds of a trip together never exceed what it was charged.
-- Refunds are numbered without a gap, so a second one waits for the first to be seen.
CREATE FUNCTION ledger.check_refund(refund ledger.transfer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    refunded bigint;
BEGIN
    SELECT sum(entry.amount_minor) INTO refunded
    FROM ledger.transfer JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
    WHERE transfer.trip_id = refund.trip_id AND transfer.kind = 'refund' AND account.role = 'rider';
    PERFORM FROM ledger.charge
    WHERE trip_id = refund.trip_id AND currency = refund.currency AND total_minor + refunded >= 0;
    IF NOT FOUND THEN
        PERFORM ledger.refuse('refunds_within_the_charge',
            format('the refunds of trip %s exceed what was charged', refund.trip_id));
    END IF;
END $$;

-- Which entries of a driver are pay: neither a tip nor an outlay given back (ledger/statement.py).
CREATE FUNCTION ledger.is_pay(code text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN code IN ('share', 'top_up')
        OR (strpos(code, '.') > 0 AND NOT starts_with(code, 'pass_through.'));

-- Whether the trip's fare is in the books: dispatch asks it at the commit that completes a trip (I17).
CREATE FUNCTION ledger.fare_is_posted(trip uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM ledger.charge WHERE trip_id = trip AND kind = 'fare')
$$;

-- I20: where the fractions below a minor unit went, for each account that has shares.
CREATE VIEW ledger.rounding AS
    SELECT account_id, role, owner_id, currency, count(*) AS shares,
           sum(rounding) AS given_ten_thousandths
    FROM ledger.entry JOIN ledger.account USING (account_id)
    WHERE rounding IS NOT NULL
    GROUP BY account_id, role, owner_id, currency;
GRANT SELECT ON ledger.rounding TO khan_app;
