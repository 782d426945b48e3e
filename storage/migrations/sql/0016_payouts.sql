-- Payouts: where a driver's money goes, and the files that tell the bank to send it.

-- Where a driver's money is sent. Sealed like a contact, and gone with it; the books keep only the
-- number of the destination. A new one is used after 72 hours, in which its owner, who was told, can
-- take it back; until then the one before it is used (I22).
CREATE TABLE ledger.payout_destination (
    driver_id uuid NOT NULL REFERENCES registry.contact ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 1),
    data_key bytea NOT NULL,
    account bytea NOT NULL,
    tail text NOT NULL CHECK (length(tail) = 4),  -- by which the owner knows it
    session_id uuid NOT NULL,
    set_at timestamptz NOT NULL DEFAULT public.service_now(),
    usable_from timestamptz NOT NULL,
    CONSTRAINT i22_one_destination_a_number PRIMARY KEY (driver_id, number),
    CONSTRAINT i22_waits_72_hours CHECK (usable_from >= set_at + interval '72 hours')
);
GRANT SELECT, INSERT ON ledger.payout_destination TO khan_app;

CREATE TABLE ledger.payout_destination_withdrawn (
    driver_id uuid NOT NULL,
    number integer NOT NULL,
    withdrawn_at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (driver_id, number),
    FOREIGN KEY (driver_id, number) REFERENCES ledger.payout_destination ON DELETE CASCADE
);
GRANT SELECT, INSERT ON ledger.payout_destination_withdrawn TO khan_app;

-- I22: by a passkey used within the last five minutes, in a session of the driver's own.
CREATE FUNCTION ledger.check_destination() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM registry.session
    WHERE session_id = NEW.session_id AND person_id = NEW.driver_id AND revoked_at IS NULL
      AND strong_until > public.service_now();
    IF NOT FOUND THEN
        PERFORM ledger.refuse('i22_strong_sign_in', 'a destination is set after a strong sign-in');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i22_strong_sign_in BEFORE INSERT ON ledger.payout_destination
    FOR EACH ROW EXECUTE FUNCTION ledger.check_destination();

-- I22: the owner is told, in the same commit.
CREATE FUNCTION ledger.check_destination_is_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM storage.outbox WHERE topic = 'ledger'
        AND key = format('payout_destination:%s:%s', NEW.driver_id, NEW.number);
    IF NOT FOUND THEN
        PERFORM ledger.refuse('i22_the_owner_is_told', 'a new destination is announced');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i22_the_owner_is_told AFTER INSERT ON ledger.payout_destination
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_destination_is_told();

-- The destination in use: the latest whose time has come and which was not taken back.
CREATE FUNCTION ledger.destination_in_use(of_driver uuid) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT max(number) FROM ledger.payout_destination AS destination
    WHERE driver_id = of_driver AND usable_from <= public.service_now()
      AND NOT EXISTS (SELECT FROM ledger.payout_destination_withdrawn AS withdrawn
                      WHERE withdrawn.driver_id = of_driver
                        AND withdrawn.number = destination.number)
$$;

-- A destination that is in use stays what it was: only one that waits can be taken back.
CREATE FUNCTION ledger.check_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.payout_destination
    WHERE driver_id = NEW.driver_id AND number = NEW.number AND usable_from > public.service_now();
    IF NOT FOUND THEN
        PERFORM ledger.refuse('only_what_waits_is_taken_back',
            'a destination is taken back before it is used');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_what_waits_is_taken_back BEFORE INSERT ON ledger.payout_destination_withdrawn
    FOR EACH ROW EXECUTE FUNCTION ledger.check_withdrawal();

-- One file for the bank. Its text holds names and accounts, so it is written anew when it is asked
-- for; the digest tells whether it is the same.
CREATE TABLE ledger.payout_file (
    payout_file_id uuid PRIMARY KEY,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    execute_on date NOT NULL,
    payouts integer NOT NULL CHECK (payouts >= 1),
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    made_by uuid NOT NULL,
    made_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON ledger.payout_file TO khan_app;

CREATE TABLE ledger.payout (
    payout_id uuid PRIMARY KEY,
    payout_file_id uuid NOT NULL REFERENCES ledger.payout_file,
    driver_id uuid NOT NULL,
    destination integer NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    kind text NOT NULL DEFAULT 'payout' CHECK (kind = 'payout'),
    ordinal smallint NOT NULL DEFAULT 1 CHECK (ordinal = 1),
    made_at timestamptz NOT NULL,
    CONSTRAINT one_payout_a_driver_and_file UNIQUE (payout_file_id, driver_id),
    CONSTRAINT a_payout_is_in_the_books FOREIGN KEY (payout_id, kind, ordinal)
        REFERENCES ledger.transfer (subject_id, kind, ordinal)
);
CREATE INDEX payout_driver ON ledger.payout (driver_id, made_at);
GRANT SELECT, INSERT ON ledger.payout TO khan_app;

CREATE FUNCTION ledger.check_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.destination IS DISTINCT FROM ledger.destination_in_use(NEW.driver_id) THEN
        PERFORM ledger.refuse('i22_the_destination_in_use',
            format('the destination of driver %s is not in use', NEW.driver_id));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i22_the_destination_in_use BEFORE INSERT ON ledger.payout
    FOR EACH ROW EXECUTE FUNCTION ledger.check_payout();

-- A payout in the books is one that a file names, to the driver whose account it is taken from.
CREATE FUNCTION ledger.check_payout_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.payout JOIN ledger.entry ON entry.transfer_id = NEW.transfer_id
    WHERE payout.payout_id = NEW.subject_id AND payout.currency = NEW.currency
      AND entry.account_id = ledger.account_id('driver', payout.driver_id, payout.currency)
      AND entry.amount_minor = payout.amount_minor;
    IF NOT FOUND OR NEW.entries <> 2 THEN
        PERFORM ledger.refuse('a_payout_is_in_a_file',
            format('payout %s is of no file', NEW.subject_id));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_payout_is_in_a_file AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'payout')
    EXECUTE FUNCTION ledger.check_payout_transfer();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['payout_file', 'payout'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.%I
                 FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['payout_destination', 'payout_destination_withdrawn'] LOOP
        EXECUTE format(
            'CREATE TRIGGER never_changed BEFORE UPDATE ON ledger.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;
