-- Papers: the numbers of receipts, and the public halves of the keys that sign them.

CREATE SCHEMA papers;
GRANT USAGE ON SCHEMA papers TO khan_app;

CREATE FUNCTION papers.refuse(rule text, sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', sentence USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

-- Every key that ever signed; a key signs until the next one begins. The private halves are files.
CREATE TABLE papers.signing_key (
    key_id text PRIMARY KEY,
    public_key bytea NOT NULL UNIQUE,
    valid_from timestamptz NOT NULL UNIQUE,
    CONSTRAINT a_key_of_32_bytes CHECK (octet_length(public_key) = 32),
    CONSTRAINT a_key_goes_by_its_digest
        CHECK (key_id = left(encode(sha256(public_key), 'hex'), 16))
);

-- A receipt as it was issued: not its text, which can be made again from the books, but all that the
-- books do not know. `edition` is the SHA-256 of what the books and rules said then: when they say
-- more (a refund, a tip), the next receipt gets a number of its own and names the one it replaces.
CREATE TABLE papers.receipt (
    number bigint PRIMARY KEY,
    trip_id uuid NOT NULL REFERENCES ledger.charge,
    edition bytea NOT NULL,
    replaces bigint UNIQUE REFERENCES papers.receipt,
    issued_at timestamptz NOT NULL,
    supplier jsonb,
    key_id text REFERENCES papers.signing_key,
    signature bytea,
    CONSTRAINT an_edition_of_32_bytes CHECK (octet_length(edition) = 32),
    CONSTRAINT signed_by_a_key CHECK ((key_id IS NULL) = (signature IS NULL)),
    CONSTRAINT a_signature_of_64_bytes CHECK (octet_length(signature) = 64),
    CONSTRAINT replaces_an_older_one CHECK (replaces < number)
);
CREATE UNIQUE INDEX one_receipt_an_edition ON papers.receipt (trip_id, edition, (key_id IS NOT NULL));
CREATE INDEX receipt_of_a_trip ON papers.receipt (trip_id, number);

GRANT SELECT, INSERT ON papers.signing_key, papers.receipt TO khan_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['signing_key', 'receipt'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON papers.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON papers.%I
                 FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;

-- Numbers run from 1 without a gap: each is one more than the last that stands. Of two at once the
-- second waits for the first by the primary key, and finds its number taken; the service waits by
-- the lock below before it asks which number is next. Tax law: directive 2006/112/EC, article 226 (2).
CREATE FUNCTION papers.check_receipt() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before bigint;
BEGIN
    IF NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM papers.receipt) THEN
        PERFORM papers.refuse('numbers_without_a_gap', 'receipts are numbered one after the other');
    END IF;
    SELECT max(number) INTO before FROM papers.receipt WHERE trip_id = NEW.trip_id;
    IF NEW.replaces IS DISTINCT FROM before THEN
        PERFORM papers.refuse('replaces_the_last', 'a receipt replaces the last one of its trip');
    END IF;
    IF NEW.key_id IS DISTINCT FROM (
        SELECT key_id FROM papers.signing_key ORDER BY valid_from DESC LIMIT 1)
        AND NEW.key_id IS NOT NULL THEN
        PERFORM papers.refuse('the_newest_key_signs', 'only the newest key signs');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER in_its_turn BEFORE INSERT ON papers.receipt
    FOR EACH ROW EXECUTE FUNCTION papers.check_receipt();

CREATE FUNCTION papers.check_signing_key() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM papers.signing_key WHERE valid_from >= NEW.valid_from) THEN
        PERFORM papers.refuse('keys_follow_one_another', 'a key begins after the one before it');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER in_its_turn BEFORE INSERT ON papers.signing_key
    FOR EACH ROW EXECUTE FUNCTION papers.check_signing_key();

-- Held to the end of the transaction that takes the next number.
CREATE FUNCTION papers.lock_numbers() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('papers.receipt', 0))
$$;
REVOKE EXECUTE ON FUNCTION papers.lock_numbers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION papers.lock_numbers TO khan_app;
