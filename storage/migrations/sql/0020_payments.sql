-- Money that comes in. A payment moves forward only, and says what stands in the books; what is asked
-- of the provider waits in a table until the provider has answered; what the provider tells is kept once.

-- Whether a text holds something as long as a card's number (ISO/IEC 7812: 12 digits or more).
CREATE FUNCTION ledger.holds_card_number(said text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN regexp_replace(said, '[ -]', '', 'g') ~ '[0-9]{12}';

-- A card is a token of the provider, which alone knows its number. Brand and last four digits are what
-- its owner knows it by. Gone with its owner.
CREATE TABLE ledger.card (
    card_id uuid PRIMARY KEY,
    rider_id uuid NOT NULL REFERENCES registry.contact ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider ~ '^[a-z]{1,20}$'),
    customer text NOT NULL,
    method text NOT NULL,
    brand text NOT NULL CHECK (brand ~ '^[a-z_]{1,30}$'),
    tail text NOT NULL CHECK (tail ~ '^[0-9]{4}$'),
    added_at timestamptz NOT NULL,
    removed_at timestamptz,
    CONSTRAINT no_card_number
        CHECK (NOT ledger.holds_card_number(customer) AND NOT ledger.holds_card_number(method)),
    CONSTRAINT one_card_a_method UNIQUE (provider, method)
);
CREATE INDEX card_rider ON ledger.card (rider_id);
GRANT SELECT, INSERT, UPDATE (removed_at) ON ledger.card TO khan_app;

CREATE FUNCTION ledger.check_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.removed_at IS NOT NULL
       OR (NEW.card_id, NEW.rider_id, NEW.provider, NEW.customer, NEW.method, NEW.brand, NEW.tail,
           NEW.added_at) IS DISTINCT FROM
          (OLD.card_id, OLD.rider_id, OLD.provider, OLD.customer, OLD.method, OLD.brand, OLD.tail,
           OLD.added_at) THEN
        PERFORM ledger.refuse('a_card_is_only_removed', 'a card is taken away once, and never changed');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_card_is_only_removed BEFORE UPDATE ON ledger.card
    FOR EACH ROW EXECUTE FUNCTION ledger.check_card();

CREATE TABLE ledger.payment (
    payment_id uuid PRIMARY KEY,
    rider_id uuid NOT NULL,
    trip_id uuid,  -- that it is for; of a trip and of its tip
    purpose text NOT NULL CHECK (purpose IN ('trip', 'tip', 'owed', 'desk')),
    provider text NOT NULL CHECK (provider ~ '^[a-z]{1,20}$'),
    card_id uuid,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    wanted_minor bigint NOT NULL,
    note text CHECK (length(note) BETWEEN 1 AND 200),
    made_by uuid,
    made_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'wanted'
        CHECK (state IN ('wanted', 'authorised', 'captured', 'refunded', 'cancelled', 'failed')),
    ref text,  -- the provider's name for it
    authorised_minor bigint NOT NULL DEFAULT 0,
    captured_minor bigint NOT NULL DEFAULT 0,
    refunded_minor bigint NOT NULL DEFAULT 0,
    refunds integer NOT NULL DEFAULT 0,
    fee_minor bigint CHECK (fee_minor >= 0),
    failure text CHECK (length(failure) BETWEEN 1 AND 200),
    changed_at timestamptz NOT NULL,
    nudges integer NOT NULL DEFAULT 0,  -- how often the provider told that something changed
    looks integer NOT NULL DEFAULT 0,  -- which of these was looked into
    moves integer NOT NULL DEFAULT 0,  -- how often its trip was refunded or tipped
    followed integer NOT NULL DEFAULT 0,  -- which of these the till has followed
    CONSTRAINT a_payment_is_of_something CHECK (wanted_minor > 0),
    CONSTRAINT a_trip_is_named CHECK ((trip_id IS NOT NULL) = (purpose IN ('trip', 'tip'))),
    CONSTRAINT a_card_is_named CHECK ((card_id IS NULL) = (purpose = 'desk')),
    CONSTRAINT one_payment_a_trip_and_purpose UNIQUE (trip_id, purpose),
    CONSTRAINT one_payment_a_ref UNIQUE (provider, ref),
    -- No more is taken than was authorised, no more given back than was taken.
    CONSTRAINT taken_within_what_was_authorised CHECK (
        0 <= refunded_minor AND refunded_minor <= captured_minor
        AND captured_minor <= authorised_minor),
    CONSTRAINT state_says_what_was_taken CHECK (
        (captured_minor > 0) = (state IN ('captured', 'refunded'))
        AND (state = 'refunded') = (captured_minor > 0 AND refunded_minor = captured_minor)
        AND (state <> 'authorised' OR authorised_minor > 0)),
    CONSTRAINT no_card_number_in_a_payment CHECK (
        NOT ledger.holds_card_number(coalesce(note, ''))
        AND NOT ledger.holds_card_number(coalesce(failure, ''))),
    CONSTRAINT looks_follow_nudges CHECK (looks BETWEEN 0 AND nudges AND followed BETWEEN 0 AND moves)
);
CREATE INDEX payment_rider ON ledger.payment (rider_id, made_at);
CREATE INDEX payment_authorised ON ledger.payment (made_at) WHERE state = 'authorised';
CREATE INDEX payment_to_follow ON ledger.payment (made_at) WHERE state = 'captured' AND moves > followed;
CREATE INDEX payment_nudged ON ledger.payment (payment_id) WHERE nudges > looks;
CREATE INDEX payment_changed ON ledger.payment (changed_at);
GRANT SELECT, INSERT ON ledger.payment TO khan_app;
GRANT UPDATE (state, ref, authorised_minor, captured_minor, refunded_minor, refunds, fee_minor, failure,
              changed_at, nudges, looks, moves, followed) ON ledger.payment TO khan_app;

-- Every state that a payment went through, written by the table itself.
CREATE TABLE ledger.payment_step (
    payment_id uuid NOT NULL REFERENCES ledger.payment,
    number integer NOT NULL CHECK (number >= 1),
    state text NOT NULL,
    captured_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (payment_id, number)
);
GRANT SELECT ON ledger.payment_step TO khan_app;

CREATE FUNCTION ledger.check_payment_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payment_id, NEW.rider_id, NEW.trip_id, NEW.purpose, NEW.provider, NEW.card_id, NEW.currency,
        NEW.wanted_minor, NEW.note, NEW.made_by, NEW.made_at) IS DISTINCT FROM
       (OLD.payment_id, OLD.rider_id, OLD.trip_id, OLD.purpose, OLD.provider, OLD.card_id, OLD.currency,
        OLD.wanted_minor, OLD.note, OLD.made_by, OLD.made_at)
       OR (OLD.ref IS NOT NULL AND NEW.ref IS DISTINCT FROM OLD.ref) THEN
        PERFORM ledger.refuse('a_payment_stays_what_it_was_made_for',
            format('payment %s is of another rider, trip or sum', OLD.payment_id));
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
           ('wanted', 'authorised'), ('wanted', 'captured'), ('wanted', 'refunded'),
           ('wanted', 'cancelled'), ('wanted', 'failed'), ('authorised', 'captured'),
           ('authorised', 'refunded'), ('authorised', 'cancelled'), ('authorised', 'failed'),
           ('captured', 'refunded'))
       OR NEW.authorised_minor < OLD.authorised_minor
       OR (OLD.captured_minor > 0 AND NEW.captured_minor <> OLD.captured_minor)
       OR NEW.refunded_minor < OLD.refunded_minor
       OR NEW.refunds - OLD.refunds <> CAST(NEW.refunded_minor > OLD.refunded_minor AS integer)
       OR (OLD.fee_minor IS NOT NULL AND NEW.fee_minor IS DISTINCT FROM OLD.fee_minor)
       OR NEW.nudges < OLD.nudges OR NEW.looks < OLD.looks
       OR NEW.moves < OLD.moves OR NEW.followed < OLD.followed THEN
        PERFORM ledger.refuse('a_payment_moves_forward',
            format('payment %s does not go from %s to %s', OLD.payment_id, OLD.state, NEW.state));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_payment_moves_forward BEFORE UPDATE ON ledger.payment
    FOR EACH ROW EXECUTE FUNCTION ledger.check_payment_change();

CREATE FUNCTION ledger.keep_payment_step() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO ledger.payment_step (payment_id, number, state, captured_minor, refunded_minor, at)
    SELECT NEW.payment_id, 1 + count(*), NEW.state, NEW.captured_minor, NEW.refunded_minor,
           NEW.changed_at
    FROM ledger.payment_step WHERE payment_id = NEW.payment_id;
    RETURN NULL;
END $$;
CREATE TRIGGER a_payment_begins AFTER INSERT ON ledger.payment
    FOR EACH ROW EXECUTE FUNCTION ledger.keep_payment_step();
CREATE TRIGGER a_payment_goes_on AFTER UPDATE ON ledger.payment
    FOR EACH ROW WHEN ((OLD.state, OLD.captured_minor, OLD.refunded_minor)
                       IS DISTINCT FROM (NEW.state, NEW.captured_minor, NEW.refunded_minor))
    EXECUTE FUNCTION ledger.keep_payment_step();

-- What a payment says was taken and given back is what stands in the books of its rider.
CREATE FUNCTION ledger.check_payment_in_books(checked uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.payment CROSS JOIN LATERAL (
        SELECT coalesce(-sum(amount_minor) FILTER (WHERE kind = 'payment'), 0) AS taken,
               coalesce(sum(amount_minor) FILTER (WHERE kind = 'payment_refund'), 0) AS back,
               count(*) FILTER (WHERE kind = 'payment_refund') AS refunds
        FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
        WHERE subject_id = payment.payment_id AND transfer.currency = payment.currency
          AND kind IN ('payment', 'payment_refund')
          AND account_id = ledger.account_id('rider', payment.rider_id, payment.currency)
    ) AS books
    WHERE payment_id = checked AND (captured_minor, refunded_minor, payment.refunds)
        = (books.taken, books.back, books.refunds);
    IF NOT FOUND THEN
        PERFORM ledger.refuse('a_payment_is_in_the_books',
            format('payment %s and the books differ', checked));
    END IF;
END $$;
CREATE FUNCTION ledger.check_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.check_payment_in_books(NEW.payment_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_payment_is_in_the_books AFTER INSERT OR UPDATE ON ledger.payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_payment();
CREATE FUNCTION ledger.check_payment_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.check_payment_in_books(NEW.subject_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER money_in_is_of_a_payment AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind IN ('payment', 'payment_refund'))
    EXECUTE FUNCTION ledger.check_payment_transfer();

-- A refund or a tip of a trip is followed by what its card paid: noted here, so that the till need not
-- look through all that was ever paid.
CREATE FUNCTION ledger.note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger.payment SET moves = moves + 1 WHERE trip_id = NEW.trip_id AND purpose = 'trip';
    RETURN NULL;
END $$;
CREATE TRIGGER the_card_follows AFTER INSERT ON ledger.transfer
    FOR EACH ROW WHEN (NEW.kind IN ('refund', 'tip')) EXECUTE FUNCTION ledger.note_move();

-- What is asked of a provider: written with what makes it due, done when the provider has answered.
-- Its identifier is the key by which the provider tells a repetition.
CREATE TABLE ledger.payment_command (
    command_id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES ledger.payment,
    what text NOT NULL CHECK (what IN ('authorise', 'capture', 'cancel', 'refund')),
    ordinal integer NOT NULL CHECK (ordinal >= 1),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    reason text CHECK (length(reason) BETWEEN 1 AND 200),
    made_by uuid,
    made_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at timestamptz NOT NULL,
    done_at timestamptz,
    given_up_at timestamptz,
    failure text CHECK (length(failure) BETWEEN 1 AND 200),
    CONSTRAINT one_command_a_payment_and_ordinal UNIQUE (payment_id, what, ordinal),
    CONSTRAINT only_refunds_repeat CHECK (ordinal = 1 OR what = 'refund'),
    CONSTRAINT done_or_given_up CHECK (done_at IS NULL OR given_up_at IS NULL),
    CONSTRAINT a_refund_says_why CHECK (what <> 'refund' OR reason IS NOT NULL),
    CONSTRAINT no_card_number_in_a_reason CHECK (NOT ledger.holds_card_number(coalesce(reason, '')))
);
CREATE UNIQUE INDEX one_open_command_a_payment ON ledger.payment_command (payment_id)
    WHERE done_at IS NULL AND given_up_at IS NULL;
CREATE INDEX command_due ON ledger.payment_command (next_at)
    WHERE done_at IS NULL AND given_up_at IS NULL;
CREATE INDEX command_given_up ON ledger.payment_command (given_up_at) WHERE given_up_at IS NOT NULL;
GRANT SELECT, INSERT ON ledger.payment_command TO khan_app;
GRANT UPDATE (attempts, next_at, done_at, given_up_at, failure) ON ledger.payment_command TO khan_app;

CREATE FUNCTION ledger.check_command() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.done_at IS NOT NULL
       OR (NEW.command_id, NEW.payment_id, NEW.what, NEW.ordinal, NEW.amount_minor, NEW.reason,
           NEW.made_by, NEW.made_at) IS DISTINCT FROM
          (OLD.command_id, OLD.payment_id, OLD.what, OLD.ordinal, OLD.amount_minor, OLD.reason,
           OLD.made_by, OLD.made_at) THEN
        PERFORM ledger.refuse('a_command_stays_what_was_asked',
            format('command %s was asked otherwise, or is done', OLD.command_id));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_command_stays_what_was_asked BEFORE UPDATE ON ledger.payment_command
    FOR EACH ROW EXECUTE FUNCTION ledger.check_command();

-- What a provider told, each event once; `facts` is the little of it that the books go by.
CREATE TABLE ledger.provider_event (
    provider text NOT NULL CHECK (provider ~ '^[a-z]{1,20}$'),
    event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 100),
    about text CHECK (length(about) BETWEEN 1 AND 255),  -- the provider's name of what it is about
    payment_id uuid,
    facts jsonb NOT NULL,
    is_known boolean NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT an_event_is_taken_once PRIMARY KEY (provider, event_id),
    CONSTRAINT facts_are_an_object CHECK (jsonb_typeof(facts) = 'object')
);
CREATE INDEX provider_event_about ON ledger.provider_event (provider, about);
GRANT SELECT, INSERT ON ledger.provider_event TO khan_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['payment_step', 'provider_event'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['payment', 'payment_command'] LOOP
        EXECUTE format(
            'CREATE TRIGGER never_deleted BEFORE DELETE ON ledger.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['payment', 'payment_step', 'payment_command', 'provider_event'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.%I
                 FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;

-- How a trip is paid, a card among the ways: the rider's own account's is a trip without a row.
CREATE OR REPLACE FUNCTION customers.way_of(trip uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT way FROM customers.payment WHERE trip_id = trip),
        (SELECT 'card' FROM ledger.payment WHERE trip_id = trip AND purpose = 'trip'),
        'account')
$$;
