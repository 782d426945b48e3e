-- Every way to pay a trip but the rider's own account: cash to the driver, a corporate or municipal
-- customer, a voucher. Invoices to customers, disputes of riders. Nothing here moves money: the books do.

CREATE SCHEMA customers;
GRANT USAGE ON SCHEMA customers TO khan_app;

-- Kinds of transfers that come with it: cash that a driver did not get after all; a refund that goes on
-- to the customer or the voucher that paid; what is left of a voucher when its time is over.
CREATE OR REPLACE FUNCTION ledger.is_of_a_trip(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN kind IN ('hold', 'fare', 'cancellation_fee', 'no_show_fee', 'tip', 'refund',
                    'cash_collected', 'cash_short', 'assigned', 'voucher_used');
ALTER TABLE ledger.transfer DROP CONSTRAINT known_kind;
ALTER TABLE ledger.transfer ADD CONSTRAINT known_kind CHECK (ledger.is_of_a_trip(kind) OR kind IN (
    'void', 'reversal', 'payment', 'payment_refund', 'provider_fee', 'provider_payout',
    'chargeback', 'payout', 'payout_sent', 'payout_returned', 'customer_paid',
    'voucher_issued', 'voucher_lapsed', 'refund_passed_on', 'pledge', 'pledge_taken', 'match',
    'expense', 'income', 'levy_paid', 'tax_paid', 'closing', 'allocation', 'revolved',
    'allocation_paid'));

-- Customers ---------------------------------------------------------------------------------------

CREATE TABLE customers.customer (
    customer_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('corporate', 'municipal')),
    legal_name text NOT NULL CHECK (length(legal_name) BETWEEN 1 AND 200),
    address text NOT NULL CHECK (length(address) BETWEEN 1 AND 500),
    vat_id text CHECK (length(vat_id) BETWEEN 1 AND 40),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    zone text NOT NULL,  -- whose months its limits and invoices go by
    terms_days integer NOT NULL CHECK (terms_days BETWEEN 0 AND 120),
    opened_by uuid NOT NULL,
    opened_at timestamptz NOT NULL
);
CREATE TABLE customers.closed (
    customer_id uuid PRIMARY KEY REFERENCES customers.customer,
    closed_by uuid NOT NULL,
    closed_at timestamptz NOT NULL
);

-- What it pays at most; null: no limit. The latest stands; earlier ones are what earlier bookings met.
CREATE TABLE customers.limits (
    customer_id uuid NOT NULL REFERENCES customers.customer,
    number integer NOT NULL CHECK (number >= 1),
    previous integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    per_trip_minor bigint CHECK (per_trip_minor > 0),
    per_month_minor bigint CHECK (per_month_minor > 0),
    set_by uuid NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, number),
    CONSTRAINT limits_follow_without_a_gap FOREIGN KEY (customer_id, previous)
        REFERENCES customers.limits (customer_id, number)
);

CREATE TABLE customers.cost_centre (
    customer_id uuid NOT NULL REFERENCES customers.customer,
    code text NOT NULL CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    added_by uuid NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, code)
);

-- Who may ride on it by name; on one cost centre if it says so.
CREATE TABLE customers.rider (
    customer_id uuid NOT NULL REFERENCES customers.customer,
    rider_id uuid NOT NULL,
    cost_centre text,
    added_by uuid NOT NULL,
    added_at timestamptz NOT NULL,
    ended_by uuid,
    ended_at timestamptz,
    PRIMARY KEY (customer_id, rider_id, added_at),
    CONSTRAINT a_cost_centre_of_the_customer FOREIGN KEY (customer_id, cost_centre)
        REFERENCES customers.cost_centre,
    CONSTRAINT a_rider_ends_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX listed_once_at_a_time ON customers.rider (customer_id, rider_id)
    WHERE ended_at IS NULL;

-- Who may ride on it by a PIN that the customer hands out; kept as its SHA-256, told once.
CREATE TABLE customers.pin (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    customer_id uuid NOT NULL REFERENCES customers.customer,
    cost_centre text,
    made_by uuid NOT NULL,
    made_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL CHECK (valid_until > made_at),
    UNIQUE (digest, customer_id),
    FOREIGN KEY (customer_id, cost_centre) REFERENCES customers.cost_centre
);

-- Vouchers: issued for a customer's money, used for trips, never beyond what is left.
CREATE TABLE customers.voucher (
    voucher_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers.customer,
    digest bytea NOT NULL CONSTRAINT one_voucher_a_code UNIQUE CHECK (length(digest) = 32),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    valid_until timestamptz NOT NULL,
    issued_by uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    kind text NOT NULL DEFAULT 'voucher_issued' CHECK (kind = 'voucher_issued'),
    ordinal smallint NOT NULL DEFAULT 1 CHECK (ordinal = 1),
    CONSTRAINT a_voucher_ends_after_it_begins CHECK (valid_until > issued_at),
    CONSTRAINT a_voucher_is_in_the_books FOREIGN KEY (voucher_id, kind, ordinal)
        REFERENCES ledger.transfer (subject_id, kind, ordinal)
);

-- How a trip is paid, said at the booking. A trip without a row is the rider's own account's.
CREATE TABLE customers.payment (
    trip_id uuid CONSTRAINT one_way_to_pay_a_trip PRIMARY KEY,
    way text NOT NULL CHECK (way IN ('cash', 'customer', 'voucher')),
    rider_id uuid NOT NULL,
    currency text NOT NULL,
    promised_minor bigint NOT NULL CHECK (promised_minor >= 0),
    customer_id uuid REFERENCES customers.customer,
    cost_centre text,
    limits_number integer,
    month date CHECK (extract(day FROM month) = 1),
    pin_digest bytea,
    voucher_id uuid REFERENCES customers.voucher,
    made_at timestamptz NOT NULL,
    CONSTRAINT a_way_names_who_pays CHECK (CASE way
        WHEN 'cash' THEN num_nonnulls(customer_id, cost_centre, limits_number, month, pin_digest, voucher_id) = 0
        WHEN 'customer' THEN num_nonnulls(customer_id, limits_number, month) = 3 AND voucher_id IS NULL
        ELSE voucher_id IS NOT NULL
             AND num_nonnulls(customer_id, cost_centre, limits_number, month, pin_digest) = 0 END),
    CONSTRAINT limits_of_the_customer FOREIGN KEY (customer_id, limits_number)
        REFERENCES customers.limits (customer_id, number),
    CONSTRAINT a_pin_of_the_customer FOREIGN KEY (pin_digest, customer_id)
        REFERENCES customers.pin (digest, customer_id),
    CONSTRAINT charged_to_a_cost_centre FOREIGN KEY (customer_id, cost_centre)
        REFERENCES customers.cost_centre
);
CREATE INDEX payment_month ON customers.payment (customer_id, month) WHERE customer_id IS NOT NULL;
CREATE INDEX payment_voucher ON customers.payment (voucher_id) WHERE voucher_id IS NOT NULL;

-- How a trip is paid; a trip without a row is the rider's own account's. Dispatch asks it with the trip.
CREATE FUNCTION customers.way_of(trip uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT way FROM customers.payment WHERE trip_id = trip), 'account')
$$;

-- What went back from refunds of a trip to who paid it.
CREATE FUNCTION customers.passed_on(trip uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CAST(coalesce(sum(entry.amount_minor), 0) AS bigint)
    FROM ledger.transfer AS refund
    JOIN ledger.transfer AS passed ON passed.subject_id = refund.transfer_id
                                  AND passed.kind = 'refund_passed_on'
    JOIN ledger.entry ON entry.transfer_id = passed.transfer_id AND entry.line = 1
    WHERE refund.subject_id = trip AND refund.kind = 'refund'
$$;

-- What a customer or a voucher paid of a trip.
CREATE FUNCTION customers.paid_of(trip uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CAST(coalesce(sum(entry.amount_minor), 0) AS bigint)
    FROM ledger.transfer JOIN ledger.entry ON entry.transfer_id = transfer.transfer_id AND line = 1
    WHERE subject_id = trip AND kind IN ('assigned', 'voucher_used')
$$;

-- What a booking counts against a limit: what was paid less what went back, once it is charged; nothing
-- once its hold was let go; until then what was promised.
CREATE FUNCTION customers.counted(trip uuid, promised bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM ledger.charge WHERE trip_id = trip)
            THEN customers.paid_of(trip) - customers.passed_on(trip)
        WHEN (SELECT ending.kind FROM ledger.transfer AS hold
              LEFT JOIN ledger.transfer AS ending ON ending.resolves = hold.transfer_id
              WHERE hold.subject_id = trip AND hold.kind = 'hold'
              ORDER BY hold.ordinal DESC LIMIT 1) = 'void' THEN 0
        ELSE promised END
$$;
CREATE FUNCTION customers.taken_of_month(customer uuid, of_month date) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CAST(coalesce(sum(customers.counted(trip_id, promised_minor)), 0) AS bigint)
    FROM customers.payment WHERE customer_id = customer AND month = of_month
$$;
CREATE FUNCTION customers.taken_of_voucher(voucher uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CAST(coalesce(sum(customers.counted(trip_id, promised_minor)), 0) AS bigint)
           + (SELECT CAST(coalesce(sum(entry.amount_minor), 0) AS bigint) FROM ledger.transfer
              JOIN ledger.entry ON entry.transfer_id = transfer.transfer_id AND line = 1
              WHERE subject_id = voucher AND transfer.kind = 'voucher_lapsed')
    FROM customers.payment WHERE voucher_id = voucher
$$;

-- Whoever takes from a limit waits for whoever takes from it now, and then sees what was taken.
CREATE FUNCTION customers.lock_payer(payer uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('customers.payer'), hashtext(CAST(payer AS text)));
END $$;

CREATE FUNCTION customers.check_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    limits customers.limits;
    voucher customers.voucher;
BEGIN
    PERFORM FROM ledger.transfer WHERE subject_id = NEW.trip_id;
    IF FOUND THEN
        PERFORM ledger.refuse('said_at_the_booking', 'how a trip is paid is said before it is held');
    END IF;
    IF NEW.way = 'customer' THEN
        PERFORM customers.lock_payer(NEW.customer_id);
        SELECT * INTO limits FROM customers.limits
        WHERE customer_id = NEW.customer_id ORDER BY number DESC LIMIT 1;
        PERFORM FROM customers.customer
        WHERE customer_id = NEW.customer_id AND currency = NEW.currency
          AND NOT EXISTS (SELECT FROM customers.closed WHERE closed.customer_id = NEW.customer_id);
        IF NOT FOUND OR limits.number IS DISTINCT FROM NEW.limits_number THEN
            PERFORM ledger.refuse('an_open_customer', 'an open customer pays, by its limits of now');
        END IF;
        PERFORM FROM customers.rider
        WHERE NEW.pin_digest IS NULL AND customer_id = NEW.customer_id AND rider_id = NEW.rider_id
          AND ended_at IS NULL AND coalesce(cost_centre = NEW.cost_centre, cost_centre IS NULL)
        UNION ALL
        SELECT FROM customers.pin
        WHERE digest = NEW.pin_digest AND valid_until > NEW.made_at
          AND coalesce(cost_centre = NEW.cost_centre, cost_centre IS NULL);
        IF NOT FOUND THEN
            PERFORM ledger.refuse('may_ride_on_it', 'nobody said that this rider may ride on it');
        END IF;
        IF NEW.promised_minor > limits.per_trip_minor THEN
            PERFORM ledger.refuse('within_the_limit_of_a_trip', 'the trip costs more than it may');
        END IF;
        IF customers.taken_of_month(NEW.customer_id, NEW.month) + NEW.promised_minor
           > limits.per_month_minor THEN
            PERFORM ledger.refuse('within_the_limit_of_a_month', 'the month has less left');
        END IF;
    ELSIF NEW.way = 'voucher' THEN
        PERFORM customers.lock_payer(NEW.voucher_id);
        SELECT * INTO voucher FROM customers.voucher WHERE voucher_id = NEW.voucher_id;
        IF voucher.currency <> NEW.currency OR voucher.valid_until <= NEW.made_at THEN
            PERFORM ledger.refuse('a_voucher_that_stands', 'the voucher is over, or in another currency');
        END IF;
        IF customers.taken_of_voucher(NEW.voucher_id) + NEW.promised_minor > voucher.amount_minor THEN
            PERFORM ledger.refuse('within_the_voucher', 'the voucher has less left');
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_way_that_can_pay BEFORE INSERT ON customers.payment
    FOR EACH ROW EXECUTE FUNCTION customers.check_payment();

-- At the commit the trip is held, for that rider, by no less than was promised.
CREATE FUNCTION customers.check_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
    WHERE subject_id = NEW.trip_id AND kind = 'hold' AND line = 1 AND currency = NEW.currency
      AND amount_minor >= NEW.promised_minor
      AND account_id = ledger.account_id('rider', NEW.rider_id, NEW.currency);
    IF NOT FOUND THEN
        PERFORM ledger.refuse('a_way_of_a_booking', 'a way to pay comes with the booking of a trip');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_way_of_a_booking AFTER INSERT ON customers.payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers.check_booking();

-- What follows a charge ----------------------------------------------------------------------------

-- Whether a transfer has two entries: so much to the debit of one account, to the credit of the other.
CREATE FUNCTION customers.moves(transfer uuid, minor bigint, debit uuid, credit uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT minor > 0 AND array_agg(account_id ORDER BY amount_minor DESC) = ARRAY[debit, credit]
           AND max(amount_minor) = minor
    FROM ledger.entry WHERE transfer_id = transfer
$$;

-- A charge is paid in its own commit as the booking said: no less than was promised.
CREATE FUNCTION customers.check_charge_is_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said customers.payment;
BEGIN
    SELECT * INTO said FROM customers.payment WHERE trip_id = NEW.trip_id;
    IF said.way = 'cash' AND NEW.kind = 'fare' AND NEW.total_minor > 0 THEN
        PERFORM FROM ledger.transfer WHERE subject_id = NEW.trip_id AND kind = 'cash_collected';
        IF NOT FOUND THEN
            PERFORM ledger.refuse('paid_as_booked', 'the driver has the cash of a cash trip');
        END IF;
    ELSIF said.way <> 'cash'
          AND customers.paid_of(NEW.trip_id) < least(NEW.total_minor, said.promised_minor) THEN
        PERFORM ledger.refuse('paid_as_booked', 'who was to pay the trip pays what was promised');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER paid_as_booked AFTER INSERT ON ledger.charge
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers.check_charge_is_paid();

CREATE FUNCTION customers.check_paying() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said customers.payment;
    charge ledger.charge;
    limits customers.limits;
    voucher customers.voucher;
    rider uuid;
    driver uuid;
    minor bigint;
BEGIN
    SELECT * INTO said FROM customers.payment WHERE trip_id = NEW.trip_id;
    SELECT * INTO charge FROM ledger.charge WHERE trip_id = NEW.trip_id;
    rider := ledger.account_id('rider', charge.rider_id, charge.currency);
    driver := ledger.account_id('driver', charge.driver_id, charge.currency);
    SELECT max(amount_minor) INTO minor FROM ledger.entry WHERE transfer_id = NEW.transfer_id;
    CASE NEW.kind
    WHEN 'cash_collected' THEN
        IF (said.way = 'cash' AND charge.kind = 'fare' AND customers.moves(
                NEW.transfer_id, charge.total_minor, driver, rider)) IS NOT TRUE THEN
            PERFORM ledger.refuse('cash_of_the_fare', 'a driver takes the fare of a cash trip, whole');
        END IF;
    WHEN 'cash_short' THEN
        PERFORM FROM ledger.transfer
        WHERE subject_id = NEW.trip_id AND kind = 'cash_collected' AND minor <= charge.total_minor
          AND customers.moves(NEW.transfer_id, minor, rider, driver);
        IF NOT FOUND THEN
            PERFORM ledger.refuse('short_of_what_was_taken', 'no more is missing than was to be taken');
        END IF;
    WHEN 'assigned' THEN
        PERFORM customers.lock_payer(said.customer_id);
        SELECT * INTO limits FROM customers.limits
        WHERE customer_id = said.customer_id AND number = said.limits_number;
        IF (said.way = 'customer' AND minor <= charge.total_minor AND customers.moves(NEW.transfer_id,
                minor, ledger.account_id('customer', said.customer_id, charge.currency), rider)) IS NOT TRUE
           OR minor > limits.per_trip_minor
           OR (minor > said.promised_minor AND customers.taken_of_month(said.customer_id, said.month)
               > limits.per_month_minor) THEN
            PERFORM ledger.refuse('assigned_as_booked',
                'the customer named at the booking pays the trip, within its limits');
        END IF;
    ELSE
        PERFORM customers.lock_payer(said.voucher_id);
        SELECT * INTO voucher FROM customers.voucher WHERE voucher_id = said.voucher_id;
        IF (minor <= charge.total_minor AND customers.moves(NEW.transfer_id, minor,
                ledger.account_id('voucher', voucher.customer_id, charge.currency), rider)
            AND customers.taken_of_voucher(voucher.voucher_id) <= voucher.amount_minor) IS NOT TRUE THEN
            PERFORM ledger.refuse('used_as_booked',
                'the voucher named at the booking pays the trip, with what is left');
        END IF;
    END CASE;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER pays_a_trip AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('cash_collected', 'cash_short', 'assigned', 'voucher_used'))
    EXECUTE FUNCTION customers.check_paying();

-- Vouchers come and go in the books as the register says.
CREATE FUNCTION customers.check_voucher_money() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    voucher customers.voucher;
    pot uuid;
    owed uuid;
    minor bigint;
BEGIN
    SELECT * INTO voucher FROM customers.voucher WHERE voucher_id = NEW.subject_id;
    pot := ledger.account_id('voucher', voucher.customer_id, voucher.currency);
    owed := ledger.account_id('customer', voucher.customer_id, voucher.currency);
    IF NEW.kind = 'voucher_issued' THEN
        IF customers.moves(NEW.transfer_id, voucher.amount_minor, owed, pot) IS NOT TRUE THEN
            PERFORM ledger.refuse('issued_as_registered', 'a voucher is issued for its customer''s money');
        END IF;
    ELSE
        PERFORM customers.lock_payer(voucher.voucher_id);
        SELECT max(amount_minor) INTO minor FROM ledger.entry WHERE transfer_id = NEW.transfer_id;
        IF (voucher.valid_until <= NEW.made_at AND customers.moves(NEW.transfer_id, minor, pot, owed)
            AND customers.taken_of_voucher(voucher.voucher_id) <= voucher.amount_minor) IS NOT TRUE THEN
            PERFORM ledger.refuse('lapsed_when_over',
                'what is left of a voucher goes back when its time is over');
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER money_of_a_voucher AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('voucher_issued', 'voucher_lapsed'))
    EXECUTE FUNCTION customers.check_voucher_money();

-- Invoices and credit notes ------------------------------------------------------------------------

-- What a customer is invoiced for: each entry of its account but what it paid.
CREATE FUNCTION customers.is_invoiced(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN kind IN ('assigned', 'voucher_issued', 'voucher_lapsed', 'refund_passed_on');

-- The entries of a customer's account that a document has to name, with the trip they are of.
CREATE FUNCTION customers.entries_of(customer uuid)
RETURNS TABLE (transfer_id uuid, kind text, trip_id uuid, amount_minor bigint, made_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT transfer.transfer_id, transfer.kind, coalesce(transfer.trip_id, refund.trip_id),
           sums.amount_minor, transfer.made_at
    FROM customers.customer AS asked
    CROSS JOIN LATERAL (
        SELECT entry.transfer_id, CAST(sum(entry.amount_minor) AS bigint) AS amount_minor
        FROM ledger.entry
        WHERE account_id = ledger.account_id('customer', asked.customer_id, asked.currency)
        GROUP BY entry.transfer_id
    ) AS sums
    JOIN ledger.transfer USING (transfer_id)
    LEFT JOIN ledger.transfer AS refund
        ON transfer.kind = 'refund_passed_on' AND refund.transfer_id = transfer.subject_id
    WHERE asked.customer_id = customer AND customers.is_invoiced(transfer.kind)
$$;

CREATE TABLE customers.document (
    document_id uuid PRIMARY KEY,
    number integer NOT NULL CONSTRAINT one_document_a_number UNIQUE CHECK (number >= 1),
    previous integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED
        CONSTRAINT numbers_without_a_gap REFERENCES customers.document (number),
    kind text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    customer_id uuid NOT NULL REFERENCES customers.customer,
    month date CHECK (extract(day FROM month) = 1),
    corrects uuid REFERENCES customers.document,
    currency text NOT NULL,
    lines integer NOT NULL CHECK (lines >= 1),
    total_minor bigint NOT NULL,
    due_on date,
    said text NOT NULL,
    digest text NOT NULL,
    issued_by uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    CONSTRAINT one_invoice_a_month UNIQUE (customer_id, month),
    CONSTRAINT an_invoice_or_its_correction CHECK (CASE kind
        WHEN 'invoice' THEN num_nonnulls(month, due_on) = 2 AND corrects IS NULL
        ELSE num_nonnulls(month, due_on) = 0 AND corrects IS NOT NULL AND total_minor <= 0 END),
    CONSTRAINT the_digest_of_what_it_says
        CHECK (digest = encode(sha256(convert_to(said, 'UTF8')), 'hex'))
);
CREATE INDEX document_customer ON customers.document (customer_id, number);
CREATE TABLE customers.document_line (
    document_id uuid NOT NULL,
    line integer NOT NULL CHECK (line >= 1),
    transfer_id uuid NOT NULL CONSTRAINT an_entry_is_invoiced_once UNIQUE
        REFERENCES ledger.transfer,
    trip_id uuid,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (document_id, line),
    CONSTRAINT a_line_of_a_document FOREIGN KEY (document_id)
        REFERENCES customers.document DEFERRABLE INITIALLY DEFERRED
);

-- A document says what the books say: its lines are entries of the customer, all of them until the end of
-- an invoice's month; those of a credit note are of trips of the invoice that it corrects.
CREATE FUNCTION customers.check_document() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_lines record;
    ends timestamptz;
BEGIN
    SELECT count(*) AS lines, coalesce(sum(line.amount_minor), 0) AS total,
           bool_and(line.amount_minor IS NOT DISTINCT FROM entries.amount_minor
                    AND line.trip_id IS NOT DISTINCT FROM entries.trip_id) AS are_entries,
           bool_and(EXISTS (SELECT FROM customers.document_line AS before
                            WHERE before.document_id = NEW.corrects AND before.trip_id = line.trip_id))
               AS are_of_it
    INTO found_lines
    FROM customers.document_line AS line
    LEFT JOIN customers.entries_of(NEW.customer_id) AS entries USING (transfer_id)
    WHERE line.document_id = NEW.document_id;
    IF (found_lines.lines, found_lines.total) IS DISTINCT FROM (CAST(NEW.lines AS bigint), CAST(NEW.total_minor AS numeric))
       OR found_lines.are_entries IS NOT TRUE THEN
        PERFORM ledger.refuse('a_document_is_its_entries', 'a document''s lines are entries of its customer');
    END IF;
    IF NEW.kind = 'credit_note' THEN
        IF NOT found_lines.are_of_it THEN
            PERFORM ledger.refuse('corrects_what_it_names', 'a credit note is of trips of its invoice');
        END IF;
        RETURN NULL;
    END IF;
    SELECT CAST(NEW.month + interval '1 month' AS timestamp) AT TIME ZONE zone INTO ends
    FROM customers.customer WHERE customer_id = NEW.customer_id;
    IF NEW.issued_at < ends THEN
        PERFORM ledger.refuse('invoiced_when_over', 'a month is invoiced when it is over');
    END IF;
    PERFORM FROM customers.entries_of(NEW.customer_id) AS entries
    WHERE entries.made_at < ends
      AND NOT EXISTS (SELECT FROM customers.document_line AS line
                      WHERE line.transfer_id = entries.transfer_id)
      AND NOT customers.is_for_a_credit_note(entries.transfer_id, entries.trip_id);
    IF FOUND THEN
        PERFORM ledger.refuse('a_month_is_invoiced_whole', 'an entry of the month is left out');
    END IF;
    RETURN NULL;
END $$;

-- Whether an entry takes back what an invoice before said: then a credit note says so, not an invoice.
CREATE FUNCTION customers.is_for_a_credit_note(transfer uuid, trip uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM ledger.transfer AS made
                   WHERE made.transfer_id = transfer AND kind = 'refund_passed_on')
       AND EXISTS (SELECT FROM customers.document_line AS line
                   JOIN customers.document USING (document_id)
                   WHERE line.trip_id = trip AND document.kind = 'invoice'
                     AND line.transfer_id <> transfer)
$$;
CREATE CONSTRAINT TRIGGER a_document_is_its_entries AFTER INSERT ON customers.document
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers.check_document();

-- A line comes with its document: at any later time the document stands already.
CREATE FUNCTION customers.check_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM customers.document WHERE document_id = NEW.document_id;
    IF FOUND THEN
        PERFORM ledger.refuse('a_document_stands', 'nothing is added to a document');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_document_stands BEFORE INSERT ON customers.document_line
    FOR EACH ROW EXECUTE FUNCTION customers.check_line();

-- What a customer paid, and for which invoice if it said so.
CREATE TABLE customers.paid (
    payment_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers.customer,
    document_id uuid REFERENCES customers.document,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    made_by uuid NOT NULL,
    made_at timestamptz NOT NULL,
    kind text NOT NULL DEFAULT 'customer_paid' CHECK (kind = 'customer_paid'),
    ordinal smallint NOT NULL DEFAULT 1 CHECK (ordinal = 1),
    CONSTRAINT what_was_paid_is_in_the_books FOREIGN KEY (payment_id, kind, ordinal)
        REFERENCES ledger.transfer (subject_id, kind, ordinal)
);
CREATE FUNCTION customers.check_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM customers.paid
    WHERE payment_id = NEW.subject_id AND customers.moves(NEW.transfer_id, amount_minor,
              ledger.account_id('bank', NULL, currency),
              ledger.account_id('customer', customer_id, currency))
      AND coalesce((SELECT document.customer_id = paid.customer_id FROM customers.document
                    WHERE document.document_id = paid.document_id), true);
    IF NOT FOUND THEN
        PERFORM ledger.refuse('paid_by_a_customer', 'what a customer paid is registered with it');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER paid_by_a_customer AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'customer_paid')
    EXECUTE FUNCTION customers.check_paid();

-- Disputes ----------------------------------------------------------------------------------------

CREATE TABLE customers.dispute (
    dispute_id uuid PRIMARY KEY,
    trip_id uuid NOT NULL REFERENCES ledger.charge,
    about text NOT NULL CHECK (about IN ('charge', 'tip', 'cash')),
    rider_id uuid NOT NULL,
    asked_minor bigint NOT NULL CHECK (asked_minor > 0),
    currency text NOT NULL,
    words text NOT NULL CHECK (length(words) BETWEEN 1 AND 1000),
    opened_at timestamptz NOT NULL,
    CONSTRAINT disputed_once UNIQUE (trip_id, about)
);
CREATE FUNCTION customers.check_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger.charge
    WHERE trip_id = NEW.trip_id AND rider_id = NEW.rider_id AND currency = NEW.currency
      AND (NEW.about <> 'charge' OR NEW.asked_minor <= total_minor);
    IF NOT FOUND THEN
        PERFORM ledger.refuse('disputes_their_own', 'a rider disputes their own charge, up to all of it');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER disputes_their_own BEFORE INSERT ON customers.dispute
    FOR EACH ROW EXECUTE FUNCTION customers.check_dispute();

CREATE TABLE customers.decision (
    dispute_id uuid CONSTRAINT decided_once PRIMARY KEY REFERENCES customers.dispute,
    outcome text NOT NULL CHECK (outcome IN ('refund', 'reversal', 'nothing')),
    borne_by text CHECK (borne_by IN ('cooperative', 'driver')),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    transfer_id uuid CONSTRAINT one_decision_a_transfer UNIQUE
        REFERENCES ledger.transfer DEFERRABLE INITIALLY DEFERRED,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    decided_by uuid NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT a_decision_names_its_entries CHECK (CASE outcome
        WHEN 'nothing' THEN transfer_id IS NULL AND amount_minor = 0 AND borne_by IS NULL
        ELSE transfer_id IS NOT NULL AND amount_minor > 0 AND borne_by IS NOT NULL END)
);
CREATE FUNCTION customers.check_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    dispute customers.dispute;
    charge ledger.charge;
    made ledger.transfer;
    earlier ledger.transfer;
    minor bigint;
    rider uuid;
BEGIN
    SELECT * INTO dispute FROM customers.dispute WHERE dispute_id = NEW.dispute_id;
    SELECT * INTO charge FROM ledger.charge WHERE trip_id = dispute.trip_id;
    IF NEW.decided_by IN (charge.rider_id, charge.driver_id) THEN
        PERFORM ledger.refuse('nobody_decides_their_own_dispute', 'who rode or drove does not decide');
    END IF;
    SELECT * INTO made FROM ledger.transfer WHERE transfer_id = NEW.transfer_id;
    SELECT * INTO earlier FROM ledger.transfer WHERE transfer_id = made.reverses;
    rider := ledger.account_id('rider', charge.rider_id, charge.currency);
    SELECT -sum(amount_minor) INTO minor FROM ledger.entry
    WHERE transfer_id = NEW.transfer_id AND account_id = rider;
    IF (CASE NEW.outcome
        WHEN 'nothing' THEN false
        WHEN 'refund' THEN (dispute.about = 'charge' AND made.kind = 'refund'
            AND made.subject_id = dispute.trip_id AND customers.moves(made.transfer_id,
                NEW.amount_minor, CASE NEW.borne_by
                    WHEN 'driver' THEN ledger.account_id('driver', charge.driver_id, charge.currency)
                    ELSE ledger.account_id('cooperative', NULL, charge.currency) END, rider)) IS NOT TRUE
        ELSE (NEW.borne_by = 'driver' AND made.kind = 'reversal' AND minor = NEW.amount_minor
            AND earlier.subject_id = dispute.trip_id
            AND (dispute.about, earlier.kind) IN (('tip', 'tip'), ('cash', 'cash_short'))) IS NOT TRUE
       END) THEN
        PERFORM ledger.refuse('decided_by_new_entries', 'a decision names the entries that it made');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER decided_by_new_entries AFTER INSERT ON customers.decision
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers.check_decision();

-- A refund is borne by the co-operative, or by the trip's driver if a dispute was decided so, and then by
-- no more than they got; it goes on to whoever paid the trip, as far as they did.
CREATE FUNCTION customers.check_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charge ledger.charge;
    driver uuid;
    borne bigint;
    other bigint;
BEGIN
    SELECT * INTO charge FROM ledger.charge WHERE trip_id = NEW.trip_id;
    driver := ledger.account_id('driver', charge.driver_id, charge.currency);
    SELECT coalesce(sum(amount_minor) FILTER (WHERE account_id = driver), 0),
           coalesce(sum(amount_minor) FILTER (
               WHERE account_id <> driver AND amount_minor > 0
                 AND account_id <> ledger.account_id('cooperative', NULL, charge.currency)), 0)
    INTO borne, other
    FROM ledger.entry WHERE transfer_id = NEW.transfer_id;
    IF other <> 0 OR (borne <> 0 AND NOT EXISTS (
            SELECT FROM customers.decision WHERE transfer_id = NEW.transfer_id AND borne_by = 'driver')) THEN
        PERFORM ledger.refuse('borne_as_decided', 'a driver bears a refund only by a decision');
    END IF;
    IF borne <> 0 AND 0 > (
            SELECT -sum(entry.amount_minor) FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
            WHERE subject_id = NEW.trip_id AND kind IN (charge.kind, 'refund') AND account_id = driver) THEN
        PERFORM ledger.refuse('borne_by_what_they_got', 'a driver gives back no more than they got');
    END IF;
    IF customers.way_of(NEW.trip_id) IN ('customer', 'voucher')
       AND customers.passed_on(NEW.trip_id) IS DISTINCT FROM least(customers.paid_of(NEW.trip_id), (
            SELECT -sum(entry.amount_minor) FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
            WHERE subject_id = NEW.trip_id AND kind = 'refund'
              AND account_id = ledger.account_id('rider', charge.rider_id, charge.currency))) THEN
        PERFORM ledger.refuse('back_to_who_paid', 'a refund goes on to who paid the trip');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_refund_is_borne AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'refund')
    EXECUTE FUNCTION customers.check_refund();

CREATE FUNCTION customers.check_passed_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refund ledger.transfer;
    said customers.payment;
    payer uuid;
    minor bigint;
BEGIN
    SELECT * INTO refund FROM ledger.transfer WHERE transfer_id = NEW.subject_id AND kind = 'refund';
    SELECT * INTO said FROM customers.payment WHERE trip_id = refund.trip_id;
    payer := CASE said.way
        WHEN 'customer' THEN ledger.account_id('customer', said.customer_id, said.currency)
        ELSE (SELECT ledger.account_id('voucher', customer_id, currency) FROM customers.voucher
              WHERE voucher_id = said.voucher_id) END;
    SELECT max(amount_minor) INTO minor FROM ledger.entry WHERE transfer_id = NEW.transfer_id;
    IF (customers.moves(NEW.transfer_id, minor,
            ledger.account_id('rider', said.rider_id, said.currency), payer)
        AND customers.passed_on(refund.trip_id) <= customers.paid_of(refund.trip_id)) IS NOT TRUE THEN
        PERFORM ledger.refuse('passed_on_to_who_paid', 'what is passed on goes to who paid the trip');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER passed_on_to_who_paid AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'refund_passed_on')
    EXECUTE FUNCTION customers.check_passed_on();

-- Append-only; of a listed rider only the end is written, once.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'customer', 'closed', 'limits', 'cost_centre', 'pin', 'voucher', 'payment', 'document',
        'document_line', 'paid', 'dispute', 'decision'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON customers.%I TO khan_app', name);
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON customers.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON customers.%I
                 FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE (ended_by, ended_at) ON customers.rider TO khan_app;
CREATE FUNCTION customers.check_rider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
       OR (NEW.customer_id, NEW.rider_id, NEW.cost_centre, NEW.added_by, NEW.added_at)
          IS DISTINCT FROM (OLD.customer_id, OLD.rider_id, OLD.cost_centre, OLD.added_by, OLD.added_at) THEN
        PERFORM ledger.refuse('a_listed_rider_ends_once', 'of a listed rider only the end is written');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_listed_rider_ends_once BEFORE UPDATE ON customers.rider
    FOR EACH ROW EXECUTE FUNCTION customers.check_rider();
CREATE TRIGGER append_only BEFORE DELETE ON customers.rider
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON customers.rider
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();
