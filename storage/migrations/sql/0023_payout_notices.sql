-- Payouts: what drivers ask for between two files, and whom a text message told of what.

-- A driver asks to be paid with the next file, however little it is. The number is that of the payout
-- that is asked for: a request stands until there is a payout of that number, and is the only one.
CREATE TABLE ledger.payout_request (
    driver_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    number integer NOT NULL CHECK (number >= 1),
    asked_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT one_request_a_payout PRIMARY KEY (driver_id, currency, number)
);
GRANT SELECT, INSERT ON ledger.payout_request TO khan_app;

-- The number that a driver's next payout will have.
CREATE FUNCTION ledger.next_payout(of_driver uuid, in_currency text) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT CAST(count(*) + 1 AS integer) FROM ledger.payout
    WHERE driver_id = of_driver AND currency = in_currency
$$;

CREATE FUNCTION ledger.check_payout_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> ledger.next_payout(NEW.driver_id, NEW.currency) THEN
        PERFORM ledger.refuse('asks_for_the_next_payout',
            'a request is for the payout that comes next');
    END IF;
    IF ledger.destination_in_use(NEW.driver_id) IS NULL THEN
        PERFORM ledger.refuse('asks_with_a_destination',
            'who asks for a payout has a destination in use');
    END IF;
    IF ledger.available(ledger.account_id('driver', NEW.driver_id, NEW.currency)) <= 0 THEN
        PERFORM ledger.refuse('asks_for_what_is_owed', 'nothing is owed that could be asked for');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER asks_for_what_can_be_paid BEFORE INSERT ON ledger.payout_request
    FOR EACH ROW EXECUTE FUNCTION ledger.check_payout_request();

-- That a fact was told by text message: a row a fact, written in the commit that hands the text over.
CREATE TABLE ledger.payout_notice (
    event_id uuid NOT NULL REFERENCES storage.outbox (event_id),
    position bigint NOT NULL,
    told_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT one_notice_a_fact PRIMARY KEY (event_id)
);
CREATE INDEX payout_notice_position ON ledger.payout_notice (position);
GRANT SELECT, INSERT ON ledger.payout_notice TO khan_app;

CREATE FUNCTION ledger.check_payout_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM storage.outbox
    WHERE event_id = NEW.event_id AND position = NEW.position AND topic = 'ledger'
      AND kind LIKE 'payout\_%' AND driver_id IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM ledger.refuse('a_notice_is_of_a_payout_fact',
            'drivers are told of facts about their payouts');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_notice_is_of_a_payout_fact BEFORE INSERT ON ledger.payout_notice
    FOR EACH ROW EXECUTE FUNCTION ledger.check_payout_notice();

-- A file and its payouts are written together, and the file says how many there are and what they sum to.
CREATE FUNCTION ledger.check_payout_of_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.payout_file
    WHERE payout_file_id = NEW.payout_file_id AND currency = NEW.currency AND made_at = NEW.made_at
      AND xmin = CAST(pg_current_xact_id_if_assigned() AS xid);
    IF NOT FOUND THEN
        PERFORM ledger.refuse('payouts_come_with_their_file',
            'nothing is put into a file that was made before');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_come_with_their_file BEFORE INSERT ON ledger.payout
    FOR EACH ROW EXECUTE FUNCTION ledger.check_payout_of_file();

CREATE FUNCTION ledger.check_payout_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.payout WHERE payout_file_id = NEW.payout_file_id
    HAVING count(*) = NEW.payouts AND sum(amount_minor) = NEW.total_minor;
    IF NOT FOUND THEN
        PERFORM ledger.refuse('the_file_says_its_payouts',
            format('file %s is of other payouts than it says', NEW.payout_file_id));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER the_file_says_its_payouts AFTER INSERT ON ledger.payout_file
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_payout_file();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['payout_request', 'payout_notice'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.%I
                 FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;
