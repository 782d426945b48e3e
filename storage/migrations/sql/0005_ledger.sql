-- The books. A transfer moves money between accounts by two or more entries that sum to zero; a
-- debit is positive, a credit negative. Nothing here is ever changed: what was pending is ended by
-- another transfer, what was wrong is put right by a further one. Balances are sums, not rows.

CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO khan_app;

-- What owns an account of a role. A function, because fifty thousand accounts may be opened at once, and
-- a foreign key would look each of them up.
CREATE FUNCTION ledger.owner_of(role text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
    RETURN CASE
        WHEN role IN ('rider', 'driver', 'allocation', 'capital', 'supporter') THEN 'person'
        WHEN role IN ('city', 'cooperative', 'funder', 'clearing', 'bank', 'provider', 'tax', 'rounding',
                      'expense', 'other_income', 'surplus') THEN 'house'
        WHEN role IN ('customer', 'voucher') THEN 'customer'
        WHEN role = 'reserve' THEN 'fund'
        WHEN role = 'offer' THEN 'offer'
    END;

-- The chart of accounts. A new purpose of money is a new row here.
CREATE TABLE ledger.role (
    role text PRIMARY KEY,
    owned_by text NOT NULL
        CONSTRAINT owned_as_accounts_are CHECK (owned_by IS NOT DISTINCT FROM ledger.owner_of(role)),
    normal_side text NOT NULL CHECK (normal_side IN ('debit', 'credit')),
    class text NOT NULL CHECK (class IN ('asset', 'liability', 'equity', 'income', 'expense')),
    title text NOT NULL
);
INSERT INTO ledger.role (role, owned_by, normal_side, class, title) VALUES
    ('rider', 'person', 'debit', 'asset', 'owed by the rider'),
    ('driver', 'person', 'credit', 'liability', 'owed to the driver-member'),
    ('cooperative', 'house', 'credit', 'income',
     'income of the co-operative, less its top-ups of drivers'' pay'),
    ('city', 'house', 'credit', 'liability', 'levy and dues owed to the city'),
    ('funder', 'house', 'debit', 'asset', 'owed by the city for the concessions it grants'),
    ('clearing', 'house', 'credit', 'liability',
     'the other side of what is held and not yet taken'),
    ('bank', 'house', 'debit', 'asset', 'money at the co-operative''s bank'),
    ('provider', 'house', 'debit', 'asset', 'money with the payment provider'),
    ('customer', 'customer', 'debit', 'asset', 'owed by a corporate or municipal account'),
    ('voucher', 'customer', 'credit', 'liability', 'vouchers given out and not yet used'),
    ('tax', 'house', 'credit', 'liability', 'tax collected and not yet paid on'),
    ('rounding', 'house', 'credit', 'income', 'what rounding between parties leaves'),
    ('expense', 'house', 'debit', 'expense', 'what running the co-operative costs'),
    ('other_income', 'house', 'credit', 'income', 'grants and other income'),
    ('surplus', 'house', 'credit', 'equity', 'results of closed periods, not yet divided'),
    ('reserve', 'fund', 'credit', 'equity', 'reserves, each with its purpose'),
    ('allocation', 'person', 'credit', 'liability', 'a member''s part of a surplus, to be paid'),
    ('capital', 'person', 'credit', 'equity', 'a member''s part of a surplus, retained'),
    ('supporter', 'person', 'debit', 'asset', 'owed by somebody who pledged'),
    ('offer', 'offer', 'credit', 'liability', 'raised for a matched share offer');
GRANT SELECT ON ledger.role TO khan_app;

-- The identifier that follows from an account's name: a version 8 UUID over SHA-256 (RFC 9562,
-- appendix B.2), as ledger/account.py makes it.
-- In two steps, so that the digest is made once: every account that is opened is checked by it.
CREATE FUNCTION ledger.version_8(digest bytea) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN CAST(encode(set_byte(set_byte(substr(digest, 1, 16), 6, get_byte(digest, 6) & 15 | 128),
                                8, get_byte(digest, 8) & 63 | 128), 'hex') AS uuid);
END $$;
CREATE FUNCTION ledger.account_id(role text, owner_id uuid, currency text) RETURNS uuid
LANGUAGE sql IMMUTABLE
    RETURN ledger.version_8(sha256(convert_to('khan ledgeraccount' || E'\n' || role || E'\n'
        || coalesce(CAST(owner_id AS text), '') || E'\n' || currency, 'UTF8')));

-- Opened when something is first entered in it. A settlement looks nothing up: it knows the
-- identifiers from the names.
CREATE TABLE ledger.account (
    account_id uuid PRIMARY KEY,
    role text NOT NULL,
    owned_by text NOT NULL,
    owner_id uuid,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    opened_at timestamptz NOT NULL,
    -- One account a role, owner and currency: the same name is the same key.
    CONSTRAINT account_id_follows_from_its_name
        CHECK (account_id = ledger.account_id(role, owner_id, currency)),
    CONSTRAINT role_in_the_chart CHECK (owned_by IS NOT DISTINCT FROM ledger.owner_of(role)),
    CONSTRAINT account_has_an_owner CHECK ((owner_id IS NOT NULL) = (owned_by <> 'house'))
);
CREATE INDEX account_owner ON ledger.account (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX account_role ON ledger.account (role);
GRANT SELECT, INSERT ON ledger.account TO khan_app;

-- Kinds whose subject is a trip, and nothing else.
CREATE FUNCTION ledger.is_of_a_trip(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN kind IN ('hold', 'fare', 'cancellation_fee', 'no_show_fee', 'tip', 'refund',
                    'cash_collected', 'assigned', 'voucher_used');

-- One act of book-keeping. (subject, kind, ordinal) names it: the subject is the trip, payout, pledge,
-- payment, period, ... that the act is of, and its identifier comes from whoever asks. The
-- transfer's identifier follows from the name (ledger/transfer.py), so that whoever repeats an act
-- repeats the identifier.
CREATE TABLE ledger.transfer (
    transfer_id uuid PRIMARY KEY,
    kind text NOT NULL,
    state text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN kind IN ('hold', 'payout', 'pledge') THEN 'pending'
             WHEN kind = 'void' THEN 'voided' ELSE 'posted' END
    ) STORED,
    subject_id uuid NOT NULL,
    trip_id uuid,  -- the subject, if it is a trip
    ordinal smallint NOT NULL DEFAULT 1,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    entries integer NOT NULL,
    resolves uuid,  -- the pending transfer that this one posts or voids
    reverses uuid,  -- the posted transfer that this one takes back whole
    link_id uuid,  -- transfers with the same link are all there, `links` of them, or none
    links smallint,
    adoption_id uuid,  -- the decision of the members that it carries out
    expires_at timestamptz,
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    made_by uuid,  -- the person of the office who did it, if one did
    made_at timestamptz NOT NULL,
    CONSTRAINT known_kind CHECK (ledger.is_of_a_trip(kind) OR kind IN (
        'void', 'reversal', 'payment', 'payment_refund', 'provider_fee', 'provider_payout',
        'chargeback', 'payout', 'payout_sent', 'payout_returned', 'customer_paid',
        'voucher_issued', 'pledge', 'pledge_taken', 'match', 'expense', 'income', 'levy_paid',
        'tax_paid', 'closing', 'allocation', 'revolved', 'allocation_paid'
    )),
    CONSTRAINT the_trip_is_the_subject CHECK (trip_id = subject_id),
    CONSTRAINT of_a_trip CHECK (trip_id IS NOT NULL OR NOT ledger.is_of_a_trip(kind)),
    -- I17: with `first_and_only`, a trip has one fare at most, one tip, one fee of each kind.
    CONSTRAINT one_transfer_a_subject_kind_and_ordinal UNIQUE (subject_id, kind, ordinal),
    CONSTRAINT first_and_only CHECK (ordinal = 1 OR (ordinal > 1 AND kind IN (
        'hold', 'void', 'refund', 'payment_refund', 'provider_fee', 'closing', 'allocation'))),
    -- I16: two entries at least; a void moves nothing, it ends a hold.
    CONSTRAINT two_entries_at_least CHECK (CASE kind WHEN 'void' THEN entries = 0 ELSE entries >= 2 END),
    -- Two phases: a pending transfer is posted or voided exactly once, and only a pending one is.
    CONSTRAINT a_hold_ends_once UNIQUE (resolves),
    CONSTRAINT a_void_ends_a_hold CHECK (kind <> 'void' OR resolves IS NOT NULL),
    CONSTRAINT what_ends_names_what_it_ends
        CHECK (resolves IS NOT NULL OR kind NOT IN ('payout_sent', 'pledge_taken')),
    -- Its subject is what it reverses, so that the name lets it happen once.
    CONSTRAINT a_reversal_names_what_it_reverses
        CHECK ((reverses IS NOT DISTINCT FROM subject_id) = (kind = 'reversal')
               AND (kind = 'reversal' OR reverses IS NULL)),
    CONSTRAINT a_link_says_how_many CHECK ((link_id IS NULL) = (links IS NULL) AND links >= 2),
    CONSTRAINT only_what_is_pending_expires
        CHECK (expires_at IS NULL OR kind IN ('hold', 'payout', 'pledge')),
    CONSTRAINT a_surplus_is_divided_by_a_decision
        CHECK (kind NOT IN ('allocation', 'revolved') OR adoption_id IS NOT NULL),
    CONSTRAINT names_the_decision FOREIGN KEY (adoption_id) REFERENCES rulebook.adoption,
    CONSTRAINT a_refund_has_a_reason
        CHECK (kind NOT IN ('refund', 'reversal', 'payment_refund') OR reason IS NOT NULL)
);
CREATE INDEX transfer_link ON ledger.transfer (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX transfer_made_at ON ledger.transfer USING brin (made_at);
CREATE INDEX hold_expiry ON ledger.transfer (expires_at) WHERE expires_at IS NOT NULL;
GRANT SELECT, INSERT ON ledger.transfer TO khan_app;

-- One side of a transfer. References are checked by `entries_are_whole_and_balanced`, once a
-- statement: foreign keys would lock the house's accounts in every settlement at once, and what
-- they refer to can never go away.
CREATE TABLE ledger.entry (
    transfer_id uuid NOT NULL,
    line integer NOT NULL,
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
        FOREIGN KEY (trip_id, kind, ordinal)
        REFERENCES ledger.transfer (subject_id, kind, ordinal)
);
GRANT SELECT, INSERT ON ledger.charge TO khan_app;

-- A sealed day: nothing is entered in it any more, and its digest covers every transfer of it and the
-- digest of the day before, so that one changed row changes all that follow. The heads are published.
CREATE TABLE ledger.sealed_day (
    number integer PRIMARY KEY CHECK (number >= 1),
    day date NOT NULL CONSTRAINT a_day_is_sealed_once UNIQUE,  -- in the city's zone
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL UNIQUE,
    transfers integer NOT NULL CHECK (transfers >= 0),
    previous_number integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    previous_digest text,
    previous_ends_at timestamptz,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    sealed_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT a_day_ends_after_it_begins CHECK (ends_at > starts_at),
    CONSTRAINT sealed_when_over CHECK (sealed_at >= ends_at),
    CONSTRAINT only_the_first_day_has_none_before CHECK (
        num_nulls(previous_digest, previous_ends_at) = CASE number WHEN 1 THEN 2 ELSE 0 END),
    CONSTRAINT days_follow_without_a_gap CHECK (previous_ends_at = starts_at),
    CONSTRAINT a_link_of_the_chain UNIQUE (number, digest, ends_at),
    CONSTRAINT follows_the_day_before
        FOREIGN KEY (previous_number, previous_digest, previous_ends_at)
        REFERENCES ledger.sealed_day (number, digest, ends_at)
);
GRANT SELECT ON ledger.sealed_day TO khan_app;

-- A closed period: its days are sealed, so it cannot be reopened; what is wrong in it is put right in
-- the next one. Balances are those at its end, before its result is moved to the surplus.
CREATE TABLE ledger.period (
    period_id uuid PRIMARY KEY,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CONSTRAINT a_period_closes_once UNIQUE,
    previous_ends_at timestamptz UNIQUE,
    closed_by uuid NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT a_period_ends_after_it_begins CHECK (ends_at > starts_at),
    CONSTRAINT closed_when_its_days_are_sealed
        FOREIGN KEY (ends_at) REFERENCES ledger.sealed_day (ends_at),
    CONSTRAINT follows_the_period_before
        FOREIGN KEY (previous_ends_at) REFERENCES ledger.period (ends_at),
    CONSTRAINT periods_follow_without_a_gap CHECK (previous_ends_at = starts_at)
);
CREATE UNIQUE INDEX one_first_period ON ledger.period ((true)) WHERE previous_ends_at IS NULL;
GRANT SELECT ON ledger.period TO khan_app;

CREATE TABLE ledger.closed_balance (
    ends_at timestamptz NOT NULL,
    account_id uuid NOT NULL REFERENCES ledger.account,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (account_id, ends_at),
    CONSTRAINT of_a_closed_period FOREIGN KEY (ends_at) REFERENCES ledger.period (ends_at)
);
GRANT SELECT ON ledger.closed_balance TO khan_app;

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
    FOREACH name IN ARRAY ARRAY[
        'role', 'account', 'transfer', 'entry', 'charge', 'work_record', 'sealed_day', 'period',
        'closed_balance'] LOOP
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

-- Accounts that may never owe: their debits, those of pending transfers included, never exceed their
-- credits (TigerBeetle's `debits_must_not_exceed_credits`).
CREATE FUNCTION ledger.has_limit(role text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN role IN ('voucher', 'reserve', 'allocation', 'capital', 'offer');

-- What an account has to its credit, less what is pending against it. Sums begin at the last
-- closed period.
CREATE FUNCTION ledger.available(of_account uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CAST(-coalesce(sum(amount_minor), 0) AS bigint)
    FROM (
        SELECT amount_minor FROM ledger.closed_balance
        WHERE account_id = of_account
          AND ends_at = (SELECT ends_at FROM ledger.period ORDER BY ends_at DESC LIMIT 1)
        UNION ALL
        -- The transfer is looked up for each entry: a join might read all of them for one account.
        SELECT entry.amount_minor
        FROM ledger.entry CROSS JOIN LATERAL (
            SELECT transfer.transfer_id, transfer.state FROM ledger.transfer
            WHERE transfer.transfer_id = entry.transfer_id LIMIT 1
        ) AS made
        WHERE entry.account_id = of_account
          AND CASE made.state
              WHEN 'posted' THEN entry.made_at >= coalesce(
                  (SELECT ends_at FROM ledger.period ORDER BY ends_at DESC LIMIT 1), '-infinity')
              ELSE made.state = 'pending' AND entry.amount_minor > 0
                   AND (SELECT true FROM ledger.transfer AS ending
                        WHERE ending.resolves = made.transfer_id) IS NULL
              END
    ) AS every
$$;

-- I21: payouts never exceed balances, nor does anything taken from an account with a limit. Whoever
-- takes waits for whoever takes from the same account now, and then sees what was taken. The locks are
-- 1,024 at most: a year's payment to every member takes from more accounts than a server has locks.
CREATE FUNCTION ledger.check_limits(accounts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one uuid;
    lock integer;
BEGIN
    FOR lock IN
        SELECT DISTINCT hashtext(CAST(account_id AS text)) & 1023
        FROM unnest(accounts) AS asked (account_id) ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(hashtext('ledger.limit'), lock);
    END LOOP;
    SELECT account_id INTO one FROM unnest(accounts) AS asked (account_id)
    WHERE ledger.available(account_id) < 0 LIMIT 1;
    IF FOUND THEN
        PERFORM ledger.refuse('never_more_than_there_is',
            format('account %s has less than is taken', one));
    END IF;
END $$;

-- I16: the entries of a transfer come in one statement, numbered 1 to `entries`, in accounts of its
-- currency, and sum to zero. Since the numbers are then taken, none can be added later, in this
-- transaction or any other. One query a statement: a check for each row is quadratic.
CREATE FUNCTION ledger.check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT entered.transfer_id, entered.sum_minor,
           transfer.transfer_id IS NULL AS homeless,
           (entered.lowest, entered.highest) IS DISTINCT FROM (transfer.currency, transfer.currency)
               OR entered.is_nowhere AS mixed,
           (entered.first, entered.last) IS DISTINCT FROM (transfer.made_at, transfer.made_at) AS misdated
    INTO wrong
    FROM (
        SELECT entry.transfer_id, sum(entry.amount_minor) AS sum_minor, count(*) AS lines,
               min(line) AS line_min, max(line) AS line_max,
               min(entry.made_at) AS first, max(entry.made_at) AS last,
               min(account.currency) AS lowest, max(account.currency) AS highest,
               bool_or(account.currency IS NULL) AS is_nowhere
        FROM fresh AS entry
        -- LATERAL, so that each is found by its index whatever the statistics of a young table say.
        LEFT JOIN LATERAL (
            SELECT currency FROM ledger.account WHERE account.account_id = entry.account_id LIMIT 1
        ) AS account ON true
        GROUP BY entry.transfer_id
    ) AS entered
    LEFT JOIN LATERAL (
        SELECT * FROM ledger.transfer WHERE transfer.transfer_id = entered.transfer_id LIMIT 1
    ) AS transfer ON true
    WHERE entered.lines IS DISTINCT FROM transfer.entries OR entered.line_min <> 1
       OR entered.line_max <> entered.lines OR entered.sum_minor <> 0 OR entered.is_nowhere
       OR (entered.lowest, entered.highest) IS DISTINCT FROM (transfer.currency, transfer.currency)
       OR (entered.first, entered.last) IS DISTINCT FROM (transfer.made_at, transfer.made_at)
    LIMIT 1;
    IF NOT FOUND THEN
        -- Only what is taken from can be short: a credit needs no lock and no sum.
        PERFORM ledger.check_limits(array_agg(DISTINCT account_id))
        FROM fresh AS entry
        WHERE entry.amount_minor > 0 AND (SELECT ledger.has_limit(account.role) OR EXISTS (
                   SELECT FROM ledger.transfer
                   WHERE transfer.transfer_id = entry.transfer_id AND transfer.kind = 'payout')
               FROM ledger.account WHERE account.account_id = entry.account_id
                 AND account.role <> 'bank')
        HAVING count(*) > 0;
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
    pending ledger.transfer;
    reversed ledger.transfer;
BEGIN
    IF NEW.resolves IS NOT NULL THEN
        SELECT * INTO pending FROM ledger.transfer WHERE transfer_id = NEW.resolves;
        IF pending.state IS DISTINCT FROM 'pending' OR pending.subject_id <> NEW.subject_id
           OR pending.currency <> NEW.currency
           OR (pending.kind, NEW.kind) NOT IN (
               ('hold', 'fare'), ('hold', 'cancellation_fee'), ('hold', 'no_show_fee'),
               ('payout', 'payout_sent'), ('pledge', 'pledge_taken'),
               (pending.kind, 'void')) THEN
            PERFORM ledger.refuse('ends_what_is_pending',
                'only what is pending of the same subject is ended');
        END IF;
        -- What is pending beyond its time can be voided only.
        IF NEW.kind <> 'void' AND pending.expires_at <= public.service_now() THEN
            PERFORM ledger.refuse('hold_still_stands', 'the hold ran out and cannot be posted');
        END IF;
    END IF;
    IF NEW.reverses IS NOT NULL THEN
        SELECT * INTO reversed FROM ledger.transfer WHERE transfer_id = NEW.reverses;
        IF reversed.state IS DISTINCT FROM 'posted' OR reversed.currency <> NEW.currency
           OR reversed.kind IN ('fare', 'cancellation_fee', 'no_show_fee', 'refund', 'reversal',
                                'closing') THEN
            PERFORM ledger.refuse('reverses_what_was_posted',
                'only what was posted is reversed; what a trip was charged is refunded');
        END IF;
    END IF;
    IF NEW.ordinal > 1 AND NEW.kind IN ('hold', 'refund', 'payment_refund') THEN
        -- A trip has at most one open hold: the one before was voided.
        PERFORM FROM ledger.transfer AS before
        WHERE before.subject_id = NEW.subject_id AND before.kind = NEW.kind
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
    FOR EACH ROW
    WHEN (NEW.resolves IS NOT NULL OR NEW.reverses IS NOT NULL OR NEW.ordinal > 1)
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
        WHERE hold.subject_id = charged.trip_id AND hold.kind = 'hold'
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
    IF NEW.link_id IS NOT NULL
       AND (SELECT count(*) = NEW.links AND min(links) = max(links)
            FROM ledger.transfer WHERE link_id = NEW.link_id) IS NOT TRUE THEN
        PERFORM ledger.refuse('linked_come_together',
            format('the transfers linked as %s come all or none', NEW.link_id));
    END IF;
    CASE
        WHEN NEW.kind IN ('fare', 'cancellation_fee', 'no_show_fee') THEN
            PERFORM ledger.check_charge(NEW);
        WHEN NEW.kind = 'refund' THEN
            PERFORM ledger.check_refund(NEW);
        WHEN NEW.kind = 'reversal' THEN
            PERFORM ledger.check_mirror(NEW, NEW.reverses, -1);
        WHEN NEW.kind IN ('payout_sent', 'pledge_taken') THEN
            PERFORM ledger.check_mirror(NEW, NEW.resolves, 1);
        ELSE
    END CASE;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_transfer_is_finished AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_transfer();

-- What posts a pending transfer moves what was pending; a reversal moves all of it back. `sign` is 1
-- or -1.
CREATE FUNCTION ledger.check_mirror(made ledger.transfer, earlier uuid, sign integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM (
        SELECT account_id, sum(amount_minor) AS minor FROM (
            SELECT account_id, amount_minor FROM ledger.entry WHERE transfer_id = made.transfer_id
            UNION ALL
            SELECT account_id, -sign * amount_minor FROM ledger.entry WHERE transfer_id = earlier
        ) AS both_sides
        GROUP BY account_id
    ) AS difference
    WHERE minor <> 0;
    IF FOUND THEN
        PERFORM ledger.refuse('moves_what_it_names',
            format('transfer %s moves something else than transfer %s', made.transfer_id, earlier));
    END IF;
END $$;

-- I21, the part that is ours: all refunds of a trip together never exceed what it was charged.
-- Refunds are numbered without a gap, so a second one waits for the first to be seen.
CREATE FUNCTION ledger.check_refund(refund ledger.transfer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    refunded bigint;
BEGIN
    SELECT sum(entry.amount_minor) INTO refunded
    FROM ledger.transfer JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
    WHERE transfer.subject_id = refund.trip_id AND transfer.kind = 'refund'
      AND account.role = 'rider';
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

-- The chain of days -------------------------------------------------------------------------------

-- A transfer of a sealed day is refused. Writers hold this lock together, the sealing alone: it
-- waits for those who began before it, and those who come after it see the day sealed.
CREATE FUNCTION ledger.check_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('ledger.sealed_day'));
    PERFORM FROM ledger.sealed_day WHERE ends_at > NEW.made_at LIMIT 1;
    IF FOUND THEN
        PERFORM ledger.refuse('the_day_is_sealed',
            format('the day of %s is sealed; enter it today', NEW.made_at));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER the_day_is_open BEFORE INSERT ON ledger.transfer
    FOR EACH ROW EXECUTE FUNCTION ledger.check_day();

-- What a digest says of a transfer: every column of it and of its entries, as one line of text. An
-- instant is in microseconds since 1970.
CREATE FUNCTION ledger.transfer_line(of_transfer uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|', transfer_id, kind, subject_id, ordinal, currency,
               coalesce(CAST(resolves AS text), ''), coalesce(CAST(reverses AS text), ''), coalesce(CAST(adoption_id AS text), ''),
               coalesce(encode(sha256(convert_to(reason, 'UTF8')), 'hex'), ''),
               CAST(extract(epoch FROM made_at) * 1000000 AS bigint),
               (SELECT string_agg(concat_ws(':', account_id, amount_minor, code,
                       coalesce(CAST(share_of_minor AS text), ''),
                       coalesce(CAST(share_bps AS text), '')), ',' ORDER BY line)
                FROM ledger.entry WHERE entry.transfer_id = transfer.transfer_id))
    FROM ledger.transfer WHERE transfer_id = of_transfer
$$;

CREATE FUNCTION ledger.day_digest(starts timestamptz, ends timestamptz, previous text)
RETURNS TABLE (transfers integer, digest text) LANGUAGE sql STABLE AS $$
    SELECT CAST(count(transfer_id) AS integer),
           encode(sha256(convert_to(
               coalesce(previous, '') || E'\n' || starts_us || E'\n' || ends_us || E'\n'
               || coalesce(string_agg(encode(sha256(convert_to(
                      ledger.transfer_line(transfer_id), 'UTF8')), 'hex'), E'\n'
                      ORDER BY transfer_id), ''), 'UTF8')), 'hex')
    FROM (SELECT CAST(extract(epoch FROM starts) * 1000000 AS bigint) AS starts_us,
                 CAST(extract(epoch FROM ends) * 1000000 AS bigint) AS ends_us) AS times
    LEFT JOIN ledger.transfer ON made_at >= starts AND made_at < ends
    GROUP BY starts_us, ends_us
$$;

-- Seals the next day: from the end of the one before, or from `p_starts_at` the first time. Days are
-- the city's, so that the caller says when each ends.
CREATE FUNCTION ledger.seal_day(p_day date, p_starts_at timestamptz, p_ends_at timestamptz)
RETURNS ledger.sealed_day LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last ledger.sealed_day;
    sealed ledger.sealed_day;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.sealed_day'));
    SELECT * INTO last FROM ledger.sealed_day ORDER BY number DESC LIMIT 1;
    PERFORM FROM ledger.transfer WHERE made_at < p_starts_at AND last.number IS NULL LIMIT 1;
    IF FOUND THEN
        PERFORM ledger.refuse('days_follow_without_a_gap', 'the first day begins before every transfer');
    END IF;
    INSERT INTO ledger.sealed_day (number, day, starts_at, ends_at, transfers, previous_digest,
                                   previous_ends_at, digest)
    SELECT coalesce(last.number, 0) + 1, p_day, p_starts_at, p_ends_at, of_day.transfers, last.digest,
           last.ends_at, of_day.digest
    FROM ledger.day_digest(p_starts_at, p_ends_at, last.digest) AS of_day
    RETURNING * INTO sealed;
    RETURN sealed;
END $$;
REVOKE EXECUTE ON FUNCTION ledger.seal_day FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.seal_day TO khan_app;

-- Closes the period that ends with a sealed day, with the balance of every account at its end.
CREATE FUNCTION ledger.close_period(p_period_id uuid, p_ends_at timestamptz, p_closed_by uuid)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.period'));
    SELECT max(ends_at) INTO before FROM ledger.period;
    INSERT INTO ledger.period (period_id, starts_at, ends_at, previous_ends_at, closed_by)
    SELECT p_period_id, coalesce(before, (SELECT min(starts_at) FROM ledger.sealed_day)), p_ends_at,
           before, p_closed_by;
    INSERT INTO ledger.closed_balance (ends_at, account_id, amount_minor)
    SELECT p_ends_at, account_id, sum(amount_minor)
    FROM (
        SELECT account_id, amount_minor FROM ledger.closed_balance WHERE ends_at = before
        UNION ALL
        SELECT entry.account_id, entry.amount_minor
        FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
        WHERE transfer.state = 'posted' AND entry.made_at < p_ends_at
          AND entry.made_at >= coalesce(before, '-infinity')
    ) AS every
    GROUP BY account_id;
END $$;
REVOKE EXECUTE ON FUNCTION ledger.close_period FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.close_period TO khan_app;
