-- Sealed and detached votes across processes: two desks that know the roll and no ballot, a board that
-- knows the ballots and no roll. Each has a schema that its own role alone writes; no role writes two.
-- No row has a time, and nothing here holds a private key.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['khan_desk_secretary', 'khan_desk_city_clerk', 'khan_ballot_board'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- two databases set up at once
        END;
    END LOOP;
END $$;

CREATE SCHEMA polls;  -- functions that all of them judge by; no table
GRANT USAGE ON SCHEMA polls, storage TO khan_app, khan_desk_secretary, khan_desk_city_clerk, khan_ballot_board;
GRANT SELECT ON storage.service_time TO khan_desk_secretary, khan_desk_city_clerk, khan_ballot_board;
GRANT EXECUTE ON FUNCTION public.service_now()
    TO khan_desk_secretary, khan_desk_city_clerk, khan_ballot_board;
GRANT USAGE ON SCHEMA governance TO khan_desk_secretary, khan_desk_city_clerk, khan_ballot_board;
GRANT SELECT ON governance.poll, governance.manifest
    TO khan_desk_secretary, khan_desk_city_clerk, khan_ballot_board;
GRANT SELECT ON governance.poll_roll TO khan_desk_secretary, khan_desk_city_clerk;
GRANT SELECT ON governance.detached_mark TO khan_desk_secretary;
GRANT SELECT (motion_id, closes_at) ON governance.notice TO khan_ballot_board;  -- which extensions move

CREATE FUNCTION polls.refuse(p_constraint text, p_detail text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', p_detail USING ERRCODE = 'check_violation', CONSTRAINT = p_constraint;
END $$;

CREATE FUNCTION polls.said(p_line bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CAST(convert_from(p_line, 'UTF8') AS jsonb)
$$;

CREATE FUNCTION polls.digest_of(p_document text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(p_document, 'UTF8')), 'hex')
$$;

-- Whose ballot a document is; empty where it says none.
CREATE FUNCTION polls.key_in(p_document text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN coalesce(CAST(p_document AS jsonb) ->> 'key', '');
EXCEPTION WHEN data_exception THEN
    RETURN '';
END $$;

CREATE FUNCTION polls.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT CAST(floor(extract(epoch FROM public.service_now()) * 1000) AS bigint)
$$;

CREATE FUNCTION polls.tier_of(p_poll_id uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT tier FROM governance.poll WHERE poll_id = p_poll_id
$$;

-- What the three have alike: keys, the signed manifest, a log that only grows, heads, cosignatures.
DO $do$
DECLARE
    keeper text;
BEGIN
    FOREACH keeper IN ARRAY ARRAY['desk_secretary', 'desk_city_clerk', 'ballot_board'] LOOP
        EXECUTE replace($ddl$
            CREATE SCHEMA KEEPER;
            CREATE TABLE KEEPER.poll_key (
                poll_id uuid PRIMARY KEY REFERENCES governance.poll,
                log_public bytea NOT NULL CHECK (length(log_public) = 32)
            );
            CREATE TABLE KEEPER.manifest_signature (
                poll_id uuid PRIMARY KEY REFERENCES governance.manifest REFERENCES KEEPER.poll_key,
                line text NOT NULL
            );
            CREATE TABLE KEEPER.log_line (
                poll_id uuid NOT NULL REFERENCES KEEPER.manifest_signature,
                number integer NOT NULL CHECK (number >= 0),
                line bytea NOT NULL,
                PRIMARY KEY (poll_id, number)
            );
            CREATE TABLE KEEPER.head (
                poll_id uuid NOT NULL REFERENCES KEEPER.manifest_signature,
                size integer NOT NULL CHECK (size >= 1),
                note text NOT NULL,
                PRIMARY KEY (poll_id, size)
            );
            CREATE TABLE KEEPER.cosignature (
                poll_id uuid NOT NULL,
                size integer NOT NULL,
                witness text NOT NULL,
                line text NOT NULL,
                PRIMARY KEY (poll_id, size, witness),
                FOREIGN KEY (poll_id, size) REFERENCES KEEPER.head
            );

            CREATE FUNCTION KEEPER.size_of(p_poll_id uuid) RETURNS integer LANGUAGE sql STABLE AS $$
                SELECT coalesce(max(number), -1) + 1 FROM KEEPER.log_line WHERE poll_id = p_poll_id
            $$;

            CREATE FUNCTION KEEPER.one_at_a_time(p_poll_id uuid) RETURNS void LANGUAGE sql AS $$
                SELECT pg_advisory_xact_lock(hashtextextended('KEEPER ' || p_poll_id, 0))
            $$;

            -- An entry has its place as its number, without gaps, and entry 0 names the manifest.
            CREATE FUNCTION KEEPER.check_place() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                said jsonb := polls.said(NEW.line);
                size integer;
            BEGIN
                PERFORM KEEPER.one_at_a_time(NEW.poll_id);
                size := KEEPER.size_of(NEW.poll_id);
                IF NEW.number <> size OR said -> 'index' IS DISTINCT FROM to_jsonb(size) THEN
                    PERFORM polls.refuse('a_log_without_gaps', 'an entry stands behind the last one');
                END IF;
                IF (said ->> 'kind' = 'manifest') IS DISTINCT FROM (size = 0) THEN
                    PERFORM polls.refuse('begins_with_its_manifest', 'entry 0 alone names the manifest');
                END IF;
                IF size = 0 AND said ->> 'manifest' IS DISTINCT FROM (
                    SELECT encode(decode(digest, 'hex'), 'base64') FROM governance.manifest
                    WHERE poll_id = NEW.poll_id) THEN
                    PERFORM polls.refuse('begins_with_its_manifest', 'it is the manifest of another poll');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER a_log_without_gaps BEFORE INSERT ON KEEPER.log_line
                FOR EACH ROW EXECUTE FUNCTION KEEPER.check_place();

            CREATE FUNCTION KEEPER.check_size() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM KEEPER.one_at_a_time(NEW.poll_id);
                IF NEW.size <> KEEPER.size_of(NEW.poll_id) THEN
                    PERFORM polls.refuse('a_head_of_the_whole_log', 'a head is signed over the whole log');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER a_head_of_the_whole_log BEFORE INSERT ON KEEPER.head
                FOR EACH ROW EXECUTE FUNCTION KEEPER.check_size();

            GRANT USAGE ON SCHEMA KEEPER TO khan_app, khan_KEEPER;
            GRANT SELECT ON ALL TABLES IN SCHEMA KEEPER TO khan_app;
            GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA KEEPER TO khan_KEEPER;
        $ddl$, 'KEEPER', keeper);
    END LOOP;
END $do$;

-- ------------------------------------------------------------------------------------------ board

-- Later closes, after outages; what is closed stays closed.
CREATE TABLE ballot_board.extension (
    poll_id uuid NOT NULL REFERENCES ballot_board.manifest_signature,
    number integer NOT NULL CHECK (number >= 1),
    closes_at_ms bigint NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    PRIMARY KEY (poll_id, number)
);
GRANT SELECT, INSERT ON ballot_board.extension TO khan_ballot_board;
GRANT SELECT ON ballot_board.extension TO khan_app, khan_desk_secretary, khan_desk_city_clerk;
GRANT USAGE ON SCHEMA ballot_board TO khan_desk_secretary, khan_desk_city_clerk;

-- After this nothing more is written on the board, papers neither.
CREATE TABLE ballot_board.finished (
    poll_id uuid PRIMARY KEY REFERENCES ballot_board.manifest_signature
);
GRANT SELECT, INSERT ON ballot_board.finished TO khan_ballot_board;
GRANT SELECT ON ballot_board.finished TO khan_app, khan_desk_secretary, khan_desk_city_clerk;

CREATE FUNCTION polls.opens_at_ms(p_poll_id uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CAST(CAST(document AS jsonb) ->> 'opens_at_ms' AS bigint)
    FROM governance.manifest WHERE poll_id = p_poll_id
$$;
CREATE FUNCTION polls.closes_at_ms(p_poll_id uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT greatest(CAST(CAST(document AS jsonb) ->> 'closes_at_ms' AS bigint),
                    (SELECT max(closes_at_ms) FROM ballot_board.extension WHERE poll_id = p_poll_id))
    FROM governance.manifest WHERE poll_id = p_poll_id
$$;
CREATE FUNCTION polls.is_open(p_poll_id uuid) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(polls.opens_at_ms(p_poll_id) <= now_ms AND now_ms < polls.closes_at_ms(p_poll_id), false)
    FROM polls.now_ms() AS now_ms
$$;
CREATE FUNCTION polls.is_over(p_poll_id uuid) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(polls.closes_at_ms(p_poll_id) <= polls.now_ms(), false)
$$;

-- Half of the grace is the board's: what closes later is seen closed too late, and no verifier takes it.
CREATE FUNCTION polls.may_close(p_poll_id uuid) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(polls.now_ms() <= polls.closes_at_ms(p_poll_id)
                    + CAST(CAST(document AS jsonb) ->> 'grace_seconds' AS bigint) * 500, false)
    FROM governance.manifest WHERE poll_id = p_poll_id
$$;

-- A motion's vote closes when the last of its polls does.
CREATE OR REPLACE FUNCTION governance.closes_at(p_motion_id uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT greatest(closes_at, (
        SELECT max(to_timestamp(closes_at_ms / 1000.0))
        FROM governance.poll JOIN ballot_board.extension USING (poll_id) WHERE motion_id = p_motion_id))
    FROM governance.notice WHERE motion_id = p_motion_id
$$;

-- Where a ballot waits until it goes onto the board with others. Unlogged: it is in no write-ahead log,
-- no backup and no replica, and is empty after a crash; whoever voted sends the ballot again.
CREATE UNLOGGED TABLE ballot_board.waiting (
    poll_id uuid NOT NULL,
    ballot text NOT NULL CHECK (length(ballot) <= 65536),
    digest text NOT NULL GENERATED ALWAYS AS (polls.digest_of(ballot)) STORED,
    key text NOT NULL GENERATED ALWAYS AS (polls.key_in(ballot)) STORED,
    PRIMARY KEY (poll_id, digest)
);
-- By its key it is looked up for each ballot that is handed in. (A column, not an expression: row
-- security below lets an index answer by leakproof comparisons alone.)
CREATE INDEX waiting_of_a_key ON ballot_board.waiting (poll_id, key);

CREATE FUNCTION ballot_board.check_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever hands a ballot in waits here while the board empties the table, which it locks, and is
    -- judged by the clock afterwards. A board that was away at the close writes anew what waited, and can
    -- close no more: that is published only in the hours of an extension.
    IF NOT polls.is_open(NEW.poll_id) AND (NOT polls.is_over(NEW.poll_id) OR polls.may_close(NEW.poll_id)
                                           OR ballot_board.is_closed(NEW.poll_id)) THEN
        PERFORM polls.refuse('while_the_poll_is_open', 'this poll is not open');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER while_the_poll_is_open BEFORE INSERT ON ballot_board.waiting
    FOR EACH ROW EXECUTE FUNCTION ballot_board.check_waiting();

-- In detached polls the office itself hands in, and keeps names and ballots apart; of a sealed one it
-- sees nothing that waits.
ALTER TABLE ballot_board.waiting ENABLE ROW LEVEL SECURITY;
CREATE POLICY the_board ON ballot_board.waiting TO khan_ballot_board USING (true) WITH CHECK (true);
CREATE POLICY the_office_in_detached_polls ON ballot_board.waiting TO khan_app
    USING (polls.tier_of(poll_id) = 'detached') WITH CHECK (polls.tier_of(poll_id) = 'detached');
GRANT SELECT, INSERT ON ballot_board.waiting TO khan_app;
-- The privilege to truncate allows the lock, and is the only way to take a ballot away: a deleted row
-- would stay on its page until the next vacuum.
GRANT SELECT, INSERT, TRUNCATE ON ballot_board.waiting TO khan_ballot_board;

CREATE UNIQUE INDEX closed_once ON ballot_board.log_line (poll_id)
    WHERE polls.said(line) ->> 'kind' = 'close';
CREATE INDEX papers_read ON ballot_board.log_line (poll_id)
    WHERE polls.said(line) ->> 'kind' = 'paper_ballot';
CREATE UNIQUE INDEX cancelled_once ON ballot_board.log_line (poll_id, (polls.said(line) ->> 'key'))
    WHERE polls.said(line) ->> 'kind' = 'cancellation';
CREATE UNIQUE INDEX a_sequence_once ON ballot_board.log_line (
    poll_id, (polls.said(line) #>> '{ballot,key}'), (CAST(polls.said(line) #>> '{ballot,sequence}' AS integer)))
    WHERE polls.said(line) ->> 'kind' = 'ballot';

CREATE FUNCTION ballot_board.is_closed(p_poll_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM ballot_board.log_line
                   WHERE poll_id = p_poll_id AND polls.said(line) ->> 'kind' = 'close')
$$;

-- The same for those who may not read the board: the fact alone.
CREATE FUNCTION polls.has_closed(p_poll_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT ballot_board.is_closed(p_poll_id)
$$;

-- How many ballots were struck out so that paper can take their place: the figure alone.
CREATE FUNCTION polls.cancellations(p_poll_id uuid) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CAST((SELECT count(*) FROM ballot_board.log_line
                 WHERE poll_id = p_poll_id AND polls.said(line) ->> 'kind' = 'cancellation')
              + (SELECT count(*) FROM ballot_board.waiting
                 WHERE poll_id = p_poll_id AND CAST(ballot AS jsonb) ->> 'kind' = 'cancellation') AS integer)
$$;

-- The document that an entry holds, as it waited; empty if the entry is not written as it must be.
CREATE FUNCTION polls.document_in(p_line bytea, p_number integer) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    whole text := convert_from(p_line, 'UTF8');
    ending text := format(',"index":%s,"kind":"ballot"}', p_number);
    beginning text := format('{"index":%s,', p_number);
BEGIN
    IF starts_with(whole, '{"ballot":') AND right(whole, length(ending)) = ending THEN
        RETURN substr(whole, 11, length(whole) - 10 - length(ending));
    END IF;
    RETURN CASE WHEN starts_with(whole, beginning) THEN '{' || substr(whole, length(beginning) + 1) ELSE '' END;
END $$;

CREATE FUNCTION ballot_board.check_ballot(p_line ballot_board.log_line, p_said jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    ballot_key text := coalesce(p_said #>> '{ballot,key}', p_said ->> 'key');
BEGIN
    -- It waited in the box, where nothing comes in outside the hours.
    PERFORM 1 FROM ballot_board.waiting WHERE poll_id = p_line.poll_id
        AND digest = polls.digest_of(polls.document_in(p_line.line, p_line.number));
    IF NOT FOUND THEN
        PERFORM polls.refuse('it_came_in_time', 'it has not waited in the box');
    END IF;
    PERFORM 1 FROM ballot_board.log_line WHERE poll_id = p_line.poll_id
        AND polls.said(line) ->> 'kind' = 'cancellation' AND polls.said(line) ->> 'key' = ballot_key;
    IF FOUND THEN
        PERFORM polls.refuse('cancelled_for_good', 'this ballot key is cancelled');
    END IF;
    PERFORM 1 FROM ballot_board.log_line WHERE poll_id = p_line.poll_id
        AND polls.said(line) ->> 'kind' = 'ballot' AND polls.said(line) #>> '{ballot,key}' = ballot_key
        AND CAST(polls.said(line) #>> '{ballot,sequence}' AS integer)
            >= CAST(p_said #>> '{ballot,sequence}' AS integer);
    IF FOUND THEN
        PERFORM polls.refuse('a_change_has_a_higher_number', 'a newer ballot of this key is there');
    END IF;
END $$;

CREATE FUNCTION ballot_board.check_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said jsonb := polls.said(NEW.line);
    kind text := said ->> 'kind';
BEGIN
    PERFORM ballot_board.one_at_a_time(NEW.poll_id);
    IF EXISTS (SELECT 1 FROM ballot_board.finished WHERE poll_id = NEW.poll_id)
       OR (kind = 'paper_ballot') IS DISTINCT FROM ballot_board.is_closed(NEW.poll_id) THEN
        PERFORM polls.refuse('nothing_after_the_close', 'the board is closed, or not yet');
    END IF;
    IF kind IN ('ballot', 'cancellation') THEN
        PERFORM ballot_board.check_ballot(NEW, said);
    ELSIF kind = 'extension' THEN
        PERFORM 1 FROM ballot_board.extension WHERE poll_id = NEW.poll_id
            AND closes_at_ms = CAST(said ->> 'closes_at_ms' AS bigint);
        IF NOT FOUND THEN
            PERFORM polls.refuse('extended_as_decided', 'no extension says so');
        END IF;
    ELSIF kind = 'close' THEN
        IF NOT polls.is_over(NEW.poll_id) OR NOT polls.may_close(NEW.poll_id)
           OR CAST(said ->> 'closed_at_ms' AS bigint) <> polls.closes_at_ms(NEW.poll_id) THEN
            PERFORM polls.refuse('closed_at_its_time', 'this poll closes at another time');
        END IF;
        PERFORM 1 FROM ballot_board.waiting WHERE poll_id = NEW.poll_id;
        IF FOUND THEN
            PERFORM polls.refuse('nobody_is_left_waiting', 'a ballot waits still');
        END IF;
    ELSIF kind = 'paper_ballot' THEN
        IF ((SELECT count(*) FROM ballot_board.log_line
             WHERE poll_id = NEW.poll_id AND polls.said(line) ->> 'kind' = 'paper_ballot')
            < polls.papers_given(NEW.poll_id)) IS NOT TRUE THEN
            PERFORM polls.refuse('no_more_papers_than_given_out', 'fewer papers were given out');
        END IF;
    ELSIF kind <> 'manifest' THEN
        PERFORM polls.refuse('a_known_kind', 'the board has no such entries');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER b_entries_of_a_board BEFORE INSERT ON ballot_board.log_line
    FOR EACH ROW EXECUTE FUNCTION ballot_board.check_line();

CREATE FUNCTION ballot_board.check_extension() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ballot_board.one_at_a_time(NEW.poll_id);
    -- Not closed, rather than open by the clock: after an outage over the close the time is given back.
    IF polls.now_ms() < polls.opens_at_ms(NEW.poll_id) OR ballot_board.is_closed(NEW.poll_id) THEN
        PERFORM polls.refuse('what_is_closed_stays_closed', 'this poll is not open');
    END IF;
    IF NEW.closes_at_ms <= greatest(polls.closes_at_ms(NEW.poll_id), polls.now_ms()) THEN
        PERFORM polls.refuse('extended_never_shortened', 'this is no later close');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER extended_never_shortened BEFORE INSERT ON ballot_board.extension
    FOR EACH ROW EXECUTE FUNCTION ballot_board.check_extension();

CREATE FUNCTION ballot_board.check_finished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ballot_board.one_at_a_time(NEW.poll_id);
    IF NOT ballot_board.is_closed(NEW.poll_id) OR polls.papers_given(NEW.poll_id) IS NULL THEN
        PERFORM polls.refuse('finished_after_the_close', 'the board or a desk is not closed');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finished_after_the_close BEFORE INSERT ON ballot_board.finished
    FOR EACH ROW EXECUTE FUNCTION ballot_board.check_finished();

-- ------------------------------------------------------------------------------------------ desks

DO $do$
DECLARE
    desk text;
BEGIN
    FOREACH desk IN ARRAY ARRAY['desk_secretary', 'desk_city_clerk'] LOOP
        EXECUTE replace($ddl$
            ALTER TABLE DESK.poll_key ADD COLUMN issuer_spki bytea, ADD COLUMN lot_commitment bytea;
            CREATE TABLE DESK.mark (
                poll_id uuid NOT NULL REFERENCES DESK.manifest_signature,
                commitment text NOT NULL,
                issued bytea[],
                paper boolean NOT NULL DEFAULT false,
                CONSTRAINT one_mark_each PRIMARY KEY (poll_id, commitment),
                CONSTRAINT on_the_roll
                    FOREIGN KEY (poll_id, commitment) REFERENCES governance.poll_roll,
                CONSTRAINT a_mark_says_something CHECK (paper OR issued IS NOT NULL)
            );
            CREATE UNIQUE INDEX entered_once ON DESK.log_line
                (poll_id, (polls.said(line) ->> 'commitment'), (polls.said(line) ->> 'kind'))
                WHERE number > 0;

            CREATE FUNCTION DESK.check_mark() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM DESK.one_at_a_time(NEW.poll_id);
                IF polls.tier_of(NEW.poll_id) <> 'sealed' OR NOT polls.is_open(NEW.poll_id) THEN
                    PERFORM polls.refuse('while_the_poll_is_open', 'this poll is not open');
                END IF;
                IF TG_OP = 'UPDATE' AND ((NEW.poll_id, NEW.commitment, NEW.issued)
                       IS DISTINCT FROM (OLD.poll_id, OLD.commitment, OLD.issued)
                       OR OLD.paper OR NOT NEW.paper) THEN
                    PERFORM polls.refuse('a_mark_changes_to_paper_alone', 'a mark stays');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER while_the_poll_is_open BEFORE INSERT OR UPDATE ON DESK.mark
                FOR EACH ROW EXECUTE FUNCTION DESK.check_mark();

            -- A mark and its entry in the log stand in one commit.
            CREATE FUNCTION DESK.check_entered() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                entered integer := (
                    SELECT count(*) FROM DESK.log_line WHERE number > 0 AND poll_id = NEW.poll_id
                    AND polls.said(line) ->> 'commitment'
                        = encode(decode(NEW.commitment, 'hex'), 'base64'));
            BEGIN
                IF entered <> CAST(NEW.issued IS NOT NULL AS integer) + (SELECT CAST(paper AS integer)
                       FROM DESK.mark WHERE (poll_id, commitment) = (NEW.poll_id, NEW.commitment)) THEN
                    PERFORM polls.refuse('marked_and_entered', 'the log does not say so');
                END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER marked_and_entered AFTER INSERT OR UPDATE ON DESK.mark
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION DESK.check_entered();

            CREATE FUNCTION DESK.check_line() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                said jsonb := polls.said(NEW.line);
                named text := encode(decode(said ->> 'commitment', 'base64'), 'hex');
                tier text := polls.tier_of(NEW.poll_id);
            BEGIN
                IF EXISTS (SELECT 1 FROM DESK.head WHERE poll_id = NEW.poll_id) THEN
                    PERFORM polls.refuse('nothing_after_the_last_head', 'this log is signed and ended');
                END IF;
                IF NEW.number = 0 THEN
                    RETURN NEW;
                END IF;
                IF tier = 'sealed' THEN
                    IF NOT polls.is_open(NEW.poll_id) THEN
                        PERFORM polls.refuse('while_the_poll_is_open', 'this poll is not open');
                    END IF;
                    PERFORM 1 FROM DESK.mark WHERE (poll_id, commitment) = (NEW.poll_id, named)
                        AND CASE said ->> 'kind' WHEN 'issued' THEN issued IS NOT NULL
                                                 WHEN 'paper' THEN paper ELSE false END;
                ELSE
                    -- Who took part, told after the close, in an order that tells nothing.
                    IF tier <> 'detached' OR said ->> 'kind' <> 'issued' OR NOT polls.is_over(NEW.poll_id) THEN
                        PERFORM polls.refuse('told_after_the_close', 'this desk tells it after the close');
                    END IF;
                    PERFORM 1 FROM governance.detached_mark WHERE (poll_id, commitment) = (NEW.poll_id, named);
                END IF;
                IF NOT FOUND THEN
                    PERFORM polls.refuse('marked_and_entered', 'nobody is marked so');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER b_entries_of_a_desk BEFORE INSERT ON DESK.log_line
                FOR EACH ROW EXECUTE FUNCTION DESK.check_line();

            -- Heads after the close alone: signed before, they would tell when whom was issued a ballot.
            CREATE FUNCTION DESK.check_head() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NOT (polls.is_over(NEW.poll_id) AND polls.has_closed(NEW.poll_id)) THEN
                    PERFORM polls.refuse('a_head_after_the_close', 'this poll is not over');
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER b_a_head_after_the_close BEFORE INSERT ON DESK.head
                FOR EACH ROW EXECUTE FUNCTION DESK.check_head();

            GRANT SELECT ON DESK.mark TO khan_app;
            GRANT SELECT, INSERT, UPDATE (paper) ON DESK.mark TO khan_DESK;
        $ddl$, 'DESK', desk);
    END LOOP;
END $do$;

ALTER TABLE desk_secretary.poll_key
    ADD CONSTRAINT the_lot_is_committed_to CHECK (lot_commitment IS NOT NULL AND length(lot_commitment) = 32);
ALTER TABLE desk_city_clerk.poll_key ADD CONSTRAINT one_lot_the_secretary_s CHECK (lot_commitment IS NULL);

-- How many papers were given out: known when the secretary's desk has signed its log after the close.
CREATE FUNCTION polls.papers_given(p_poll_id uuid) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN polls.tier_of(p_poll_id) <> 'sealed' THEN 0
                WHEN EXISTS (SELECT 1 FROM desk_secretary.head WHERE poll_id = p_poll_id)
                THEN CAST((SELECT count(*) FROM desk_secretary.mark WHERE poll_id = p_poll_id AND paper)
                          AS integer) END
$$;

CREATE TABLE desk_secretary.lot_revealed (
    poll_id uuid PRIMARY KEY REFERENCES desk_secretary.manifest_signature,
    secret bytea NOT NULL CHECK (length(secret) = 32)
);
GRANT SELECT ON desk_secretary.lot_revealed TO khan_app;
GRANT SELECT, INSERT ON desk_secretary.lot_revealed TO khan_desk_secretary;

-- The lot comes after the board has ended: whoever knew it before could choose the board's root.
CREATE FUNCTION desk_secretary.check_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM desk_secretary.poll_key
    WHERE poll_id = NEW.poll_id AND lot_commitment = sha256(NEW.secret);
    IF NOT FOUND THEN
        PERFORM polls.refuse('the_lot_is_the_one_committed_to', 'another lot was committed to');
    END IF;
    PERFORM 1 FROM ballot_board.finished WHERE poll_id = NEW.poll_id;
    IF NOT FOUND THEN
        PERFORM polls.refuse('the_lot_after_the_board', 'the board has not ended');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER the_lot_after_the_board BEFORE INSERT ON desk_secretary.lot_revealed
    FOR EACH ROW EXECUTE FUNCTION desk_secretary.check_lot();

-- Whoever asks, the owner too: what stands there stays.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT schemaname, tablename FROM pg_tables
               WHERE schemaname IN ('desk_secretary', 'desk_city_clerk', 'ballot_board')
                 AND tablename <> 'waiting' LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE %s ON %I.%I
            FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()',
            CASE one.tablename WHEN 'mark' THEN 'DELETE' ELSE 'UPDATE OR DELETE' END, one.schemaname, one.tablename);
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I.%I
            FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', one.schemaname, one.tablename);
    END LOOP;
END $$;
