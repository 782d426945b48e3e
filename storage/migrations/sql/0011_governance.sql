-- What members decide: who they are, motions on their way, rolls, ballots, certificates; and the one
-- way by which a decision becomes a rule. Every row here tells what happened and is never changed.

CREATE SCHEMA governance;
GRANT USAGE ON SCHEMA governance TO khan_app;

CREATE TABLE governance.member (
    member_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES registry.person,
    made_at timestamptz NOT NULL,
    CONSTRAINT one_person_one_member UNIQUE (person_id)
);

CREATE TABLE governance.member_change (
    member_id uuid NOT NULL REFERENCES governance.member,
    number integer NOT NULL CHECK (number >= 1),
    kind text NOT NULL CHECK (kind IN ('joined', 'left', 'suspended', 'appealed', 'appeal_lost',
        'reinstated', 'fell_behind', 'caught_up', 'died')),
    member_class text CHECK (member_class IN ('driver', 'rider', 'worker', 'city')),
    at timestamptz NOT NULL,
    reason text NOT NULL,
    CONSTRAINT changes_are_numbered PRIMARY KEY (member_id, number),
    CONSTRAINT a_class_where_needed CHECK ((member_class IS NOT NULL) = (kind IN ('joined', 'left')))
);

-- --------------------------------------------------------------------------------------- motions

CREATE TABLE governance.motion (
    motion_id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    mover uuid NOT NULL REFERENCES governance.member,
    matter text NOT NULL,
    rule_kind text,
    proposed_at timestamptz NOT NULL,
    -- What those who vote are asked, as canonical JSON; of several texts the texts themselves.
    asks text NOT NULL DEFAULT '{"kind":"text"}'
        CHECK (CAST(asks AS jsonb) ->> 'kind' IN
            ('text', 'number', 'election', 'texts', 'division', 'allocation')),
    period_id uuid GENERATED ALWAYS AS (
        CAST(nullif(CAST(asks AS jsonb) ->> 'period_id', '') AS uuid)) STORED REFERENCES ledger.period,
    -- The surplus of a period that is not closed could still change after the vote.
    CONSTRAINT an_allocation_is_of_a_period CHECK (CAST(asks AS jsonb) ->> 'kind' <> 'allocation'
        OR (period_id IS NOT NULL AND rule_kind IS NULL))
);

-- Of a rule for or against, the text is its body as canonical JSON: what is voted on is, byte for byte,
-- what is written into the rulebook. Elsewhere it is prose.
CREATE TABLE governance.motion_text (
    motion_id uuid NOT NULL REFERENCES governance.motion,
    version integer NOT NULL CHECK (version >= 1),
    text text NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (motion_id, version)
);

CREATE TABLE governance.motion_second (
    motion_id uuid NOT NULL REFERENCES governance.motion,
    member_id uuid NOT NULL REFERENCES governance.member,
    at timestamptz NOT NULL,
    PRIMARY KEY (motion_id, member_id)
);

-- Who is nominated in an election, and who accepted, by the name on the ballot.
CREATE TABLE governance.candidate (
    motion_id uuid NOT NULL REFERENCES governance.motion,
    member_id uuid NOT NULL REFERENCES governance.member,
    nominated_by uuid NOT NULL REFERENCES governance.member,
    at timestamptz NOT NULL,
    CONSTRAINT nominated_once PRIMARY KEY (motion_id, member_id)
);
CREATE TABLE governance.candidate_accepted (
    motion_id uuid NOT NULL,
    member_id uuid NOT NULL,
    name text NOT NULL CHECK (length(btrim(name)) BETWEEN 1 AND 100),
    at timestamptz NOT NULL,
    CONSTRAINT accepted_once PRIMARY KEY (motion_id, member_id),
    CONSTRAINT one_name_a_candidate UNIQUE (motion_id, name),
    FOREIGN KEY (motion_id, member_id) REFERENCES governance.candidate
);
-- Who of them does not stand after all: until the notice, and for good.
CREATE TABLE governance.candidate_withdrawn (
    motion_id uuid NOT NULL,
    member_id uuid NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT withdrawn_once PRIMARY KEY (motion_id, member_id),
    FOREIGN KEY (motion_id, member_id) REFERENCES governance.candidate
);
CREATE VIEW governance.ballot_candidate AS
    SELECT motion_id, member_id, name FROM governance.candidate_accepted AS accepted
    WHERE NOT EXISTS (SELECT 1 FROM governance.candidate_withdrawn AS withdrawn
                      WHERE (withdrawn.motion_id, withdrawn.member_id)
                          = (accepted.motion_id, accepted.member_id));
-- Between which numbers members may choose, as the board publishes them, once.
CREATE TABLE governance.number_bounds (
    motion_id uuid CONSTRAINT bounds_are_published_once PRIMARY KEY REFERENCES governance.motion,
    lowest bigint NOT NULL,
    highest bigint NOT NULL CHECK (lowest <= highest),
    at timestamptz NOT NULL
);

CREATE TABLE governance.amendment (
    amendment_id uuid PRIMARY KEY,
    motion_id uuid NOT NULL,
    member_id uuid NOT NULL REFERENCES governance.member,
    text text NOT NULL,
    amends_version integer NOT NULL,
    proposed_at timestamptz NOT NULL,
    FOREIGN KEY (motion_id, amends_version) REFERENCES governance.motion_text
);

CREATE TABLE governance.amendment_step (
    amendment_id uuid NOT NULL REFERENCES governance.amendment,
    state text NOT NULL CHECK (state IN ('accepted', 'put_to_vote', 'carried', 'defeated')),
    votes_for integer,
    votes_against integer,
    at timestamptz NOT NULL,
    PRIMARY KEY (amendment_id, state),
    CONSTRAINT decided_by_figures
        CHECK (num_nulls(votes_for, votes_against) = CASE WHEN state IN ('carried', 'defeated') THEN 0 ELSE 2 END)
);

CREATE TABLE governance.legal_motion_step (
    from_state text NOT NULL,
    to_state text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO governance.legal_motion_step VALUES
    ('proposed', 'seconded'), ('proposed', 'withdrawn'), ('seconded', 'amending'), ('seconded', 'withdrawn'),
    ('amending', 'frozen'), ('amending', 'withdrawn'), ('frozen', 'open'), ('open', 'closed'),
    ('closed', 'certified'), ('closed', 'lost');

-- One line of steps, none skipped, none twice: each begins where another ended, and no state is left or
-- reached a second time.
CREATE TABLE governance.motion_step (
    motion_id uuid NOT NULL REFERENCES governance.motion,
    from_state text,
    to_state text NOT NULL,
    at timestamptz NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT a_state_is_reached_once PRIMARY KEY (motion_id, to_state),
    CONSTRAINT a_state_is_left_once UNIQUE (motion_id, from_state),
    CONSTRAINT begins_with_the_proposal CHECK ((from_state IS NULL) = (to_state = 'proposed')),
    CONSTRAINT follows_a_step
        FOREIGN KEY (motion_id, from_state) REFERENCES governance.motion_step (motion_id, to_state),
    CONSTRAINT only_legal_steps
        FOREIGN KEY (from_state, to_state) REFERENCES governance.legal_motion_step
);

-- What the board says to a motion, once; and what became of a decision.
CREATE TABLE governance.motion_answer (
    motion_id uuid PRIMARY KEY REFERENCES governance.motion,
    text text NOT NULL CHECK (length(text) >= 1),
    at timestamptz NOT NULL
);
CREATE TABLE governance.motion_follow_up (
    motion_id uuid NOT NULL REFERENCES governance.motion,
    number integer NOT NULL CHECK (number >= 1),
    text text NOT NULL CHECK (length(text) >= 1),
    done_percent integer NOT NULL CHECK (done_percent BETWEEN 0 AND 100),
    at timestamptz NOT NULL,
    PRIMARY KEY (motion_id, number)
);

-- The vote as called. What it is judged by stands here from the notice on: no later change of the
-- bylaws reaches it.
CREATE TABLE governance.notice (
    motion_id uuid PRIMARY KEY REFERENCES governance.motion,
    bylaws_rule_id uuid NOT NULL,
    bylaws_kind text NOT NULL DEFAULT 'bylaws' CHECK (bylaws_kind = 'bylaws'),
    notice_at timestamptz NOT NULL,
    freezes_at timestamptz NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    corrected_until timestamptz NOT NULL,
    tier text NOT NULL CHECK (tier IN ('open', 'detached', 'sealed')),
    method text NOT NULL,
    quorum_terms jsonb NOT NULL,
    required_numerator integer NOT NULL,
    required_denominator integer NOT NULL CHECK (required_denominator > 0),
    is_more boolean NOT NULL,
    is_of_all boolean NOT NULL,
    pass_each text[] NOT NULL,
    rule_notice_days integer NOT NULL CHECK (rule_notice_days >= 0),
    CONSTRAINT judged_by_bylaws
        FOREIGN KEY (bylaws_rule_id, bylaws_kind) REFERENCES rulebook.rule (rule_id, kind),
    CONSTRAINT instants_in_order
        CHECK (notice_at <= freezes_at AND freezes_at <= opens_at AND opens_at < closes_at),
    CONSTRAINT at_least_a_half CHECK (2 * required_numerator >= required_denominator)
);
CREATE INDEX motion_newest ON governance.motion (proposed_at, motion_id);
CREATE INDEX amendment_of_motion ON governance.amendment (motion_id);

-- ------------------------------------------------------------------------------------------ rolls

CREATE TABLE governance.roll_entry (
    motion_id uuid NOT NULL REFERENCES governance.notice,
    member_id uuid NOT NULL REFERENCES governance.member,
    member_class text NOT NULL,
    salt bytea NOT NULL CHECK (length(salt) = 32),
    commitment text NOT NULL,
    reason text,  -- of a correction; empty for those on the roll as it was drawn
    -- I24: everyone is on a roll once at most, in one class.
    CONSTRAINT i24_on_the_roll_once PRIMARY KEY (motion_id, member_id),
    CONSTRAINT one_commitment_each UNIQUE (motion_id, commitment),
    CONSTRAINT the_commitment_is_to_the_member CHECK (commitment = encode(sha256(
        convert_to('khan-cars roll entry 1', 'UTF8') || '\x00'::bytea || salt
        || convert_to(CAST(member_id AS text), 'UTF8')), 'hex'))
);
CREATE TABLE governance.roll_left_out (
    motion_id uuid NOT NULL REFERENCES governance.notice,
    member_id uuid NOT NULL REFERENCES governance.member,
    reason text NOT NULL,
    PRIMARY KEY (motion_id, member_id)
);
CREATE TABLE governance.roll_struck (
    motion_id uuid NOT NULL,
    member_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(reason) >= 1),
    at timestamptz NOT NULL,
    PRIMARY KEY (motion_id, member_id),
    FOREIGN KEY (motion_id, member_id) REFERENCES governance.roll_entry
);
CREATE VIEW governance.roll AS
    SELECT * FROM governance.roll_entry AS entry WHERE NOT EXISTS (
        SELECT 1 FROM governance.roll_struck AS struck
        WHERE (struck.motion_id, struck.member_id) = (entry.motion_id, entry.member_id));

-- I27: the roll as published before the opening.
CREATE TABLE governance.roll_published (
    motion_id uuid PRIMARY KEY REFERENCES governance.notice,
    size integer NOT NULL,
    digest text NOT NULL,
    at timestamptz NOT NULL
);

CREATE FUNCTION governance.refuse(p_constraint text, p_detail text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', p_detail USING ERRCODE = 'check_violation', CONSTRAINT = p_constraint;
END $$;

-- Whoever moves a motion on, or votes on it, locks it: the application by this, since it may lock no row
-- itself, and every trigger that looks at where a motion is before it lets a row in. Of two at once the
-- second looks when the first has committed (read committed: each statement in a trigger sees anew).
CREATE FUNCTION governance.lock_motion(p_motion_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1 FROM governance.motion WHERE motion_id = p_motion_id FOR UPDATE
$$;
REVOKE EXECUTE ON FUNCTION governance.lock_motion FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.lock_motion TO khan_app;

-- Whoever calls a vote on a kind of rule, or writes one, waits for whoever does; after the motion's lock.
CREATE FUNCTION governance.lock_rules(p_kind text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('governance.rules ' || p_kind, 0))
$$;

CREATE FUNCTION governance.state_of(p_motion_id uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_state FROM governance.motion_step AS step WHERE motion_id = p_motion_id
      AND NOT EXISTS (SELECT 1 FROM governance.motion_step AS later
                      WHERE later.motion_id = p_motion_id AND later.from_state = step.to_state)
$$;

CREATE FUNCTION governance.check_roll() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    PERFORM 1 FROM governance.roll_published WHERE motion_id = NEW.motion_id;
    IF FOUND THEN
        PERFORM governance.refuse('i27_the_roll_is_frozen', 'this roll is published');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i27_the_roll_is_frozen BEFORE INSERT ON governance.roll_entry
    FOR EACH ROW EXECUTE FUNCTION governance.check_roll();
CREATE TRIGGER i27_the_roll_is_frozen BEFORE INSERT ON governance.roll_struck
    FOR EACH ROW EXECUTE FUNCTION governance.check_roll();

CREATE FUNCTION governance.check_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    SELECT count(*) AS size, encode(sha256(convert_to(
               '[' || coalesce(string_agg('"' || commitment || '"', ',' ORDER BY commitment COLLATE "C"), '')
               || ']', 'UTF8')), 'hex') AS digest
    INTO found FROM governance.roll WHERE motion_id = NEW.motion_id;
    IF (found.size, found.digest) IS DISTINCT FROM (CAST(NEW.size AS bigint), NEW.digest) THEN
        PERFORM governance.refuse('i27_published_as_it_is', 'the roll is not what is published');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i27_published_as_it_is BEFORE INSERT ON governance.roll_published
    FOR EACH ROW EXECUTE FUNCTION governance.check_published();

-- ---------------------------------------------------------------------------------------- ballots

-- The board of an open vote: names are shown. Casting again replaces: the last of a member counts.
CREATE TABLE governance.open_ballot (
    motion_id uuid NOT NULL,
    member_id uuid NOT NULL,
    sequence integer NOT NULL CHECK (sequence >= 1),
    mark text NOT NULL CHECK (length(mark) <= 4000),
    cast_at timestamptz NOT NULL,
    CONSTRAINT i24_one_ballot_counts PRIMARY KEY (motion_id, member_id, sequence),
    CONSTRAINT i24_on_the_roll
        FOREIGN KEY (motion_id, member_id) REFERENCES governance.roll_entry
);
CREATE VIEW governance.counted_ballot AS
    SELECT DISTINCT ON (motion_id, member_id) motion_id, member_id, mark
    FROM governance.open_ballot ORDER BY motion_id, member_id, sequence DESC;

CREATE FUNCTION governance.check_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    IF governance.state_of(NEW.motion_id) <> 'open' OR EXISTS (
        SELECT 1 FROM governance.notice
        WHERE motion_id = NEW.motion_id AND closes_at <= public.service_now()) THEN
        PERFORM governance.refuse('i25_while_the_vote_is_open', 'this vote is not open');
    END IF;
    PERFORM 1 FROM governance.notice WHERE motion_id = NEW.motion_id AND tier = 'open';
    IF NOT FOUND THEN
        PERFORM governance.refuse('i26_names_in_open_votes_only', 'in this vote no name stands beside a choice');
    END IF;
    PERFORM 1 FROM governance.roll_struck
    WHERE (motion_id, member_id) = (NEW.motion_id, NEW.member_id);
    IF FOUND THEN
        PERFORM governance.refuse('i24_on_the_roll', 'the member was struck off the roll');
    END IF;
    PERFORM 1 WHERE NEW.sequence = 1 + (
        SELECT count(*) FROM governance.open_ballot
        WHERE (motion_id, member_id) = (NEW.motion_id, NEW.member_id));
    IF NOT FOUND THEN
        PERFORM governance.refuse('i24_ballots_in_sequence', 'a ballot follows the one before it');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i25_while_the_vote_is_open BEFORE INSERT ON governance.open_ballot
    FOR EACH ROW EXECUTE FUNCTION governance.check_ballot();

-- ----------------------------------------------------------------------------------- certificates

CREATE TABLE governance.certificate (
    motion_id uuid PRIMARY KEY REFERENCES governance.notice,
    document text NOT NULL,
    digest text NOT NULL,
    has_passed boolean NOT NULL,
    roll_size integer NOT NULL,
    ballots_cast integer NOT NULL,
    valid integer NOT NULL,  -- could be followed, blank ones too: they count for the quorum
    votes_for integer,
    votes_against integer,
    abstentions integer,
    value bigint,  -- the number decided
    winner integer,  -- the number of the text that won
    quorum integer NOT NULL,
    certified_at timestamptz NOT NULL,
    CONSTRAINT figures_for_or_against
        CHECK (num_nulls(votes_for, votes_against, abstentions) IN (0, 3)),
    CONSTRAINT certificate_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex'))
);

CREATE FUNCTION governance.headcount(p_terms jsonb, p_people bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    -- {"max": [[50, 1], [1, 20]]}: so many people (denominator 0), or a share of all, rounded up.
    SELECT CAST(CASE WHEN p_terms ? 'max' THEN max(people) ELSE min(people) END AS integer)
    FROM (SELECT CASE WHEN CAST(term ->> 1 AS bigint) = 0 THEN CAST(term ->> 0 AS bigint)
                      ELSE (CAST(term ->> 0 AS bigint) * p_people + CAST(term ->> 1 AS bigint) - 1)
                           / CAST(term ->> 1 AS bigint) END AS people
          FROM jsonb_array_elements(coalesce(p_terms -> 'max', p_terms -> 'min')) AS term) AS terms
$$;
CREATE FUNCTION governance.is_enough(
    p_terms governance.notice, p_for bigint, p_against bigint, p_all bigint
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_for > p_against AND CASE WHEN p_terms.is_more
        THEN p_for * p_terms.required_denominator > p_terms.required_numerator * whole
        ELSE p_for * p_terms.required_denominator >= p_terms.required_numerator * whole END
    FROM (SELECT CASE WHEN p_terms.is_of_all THEN p_all ELSE p_for + p_against END AS whole) AS base
$$;
-- ---------------------------------------------------------------------------------------- numbers

-- A vote on a number as it is called: the body it stands in, cut where it stands, so that the pieces
-- joined by any number are that rule with this number, byte for byte.
CREATE TABLE governance.number_terms (
    motion_id uuid PRIMARY KEY REFERENCES governance.notice,
    rule_id uuid NOT NULL REFERENCES rulebook.rule,
    pieces text[] NOT NULL CHECK (array_position(pieces, NULL) IS NULL),
    times integer NOT NULL CHECK (times >= 1),
    today bigint NOT NULL,
    lowest bigint NOT NULL,
    highest bigint NOT NULL,
    step integer NOT NULL CHECK (step >= 1),
    change_numerator integer,  -- how far it may move at once, as a share of today's; empty: as far as you like
    change_denominator integer CHECK (change_denominator > 0),
    CONSTRAINT bounds_and_step_fit CHECK (lowest <= highest AND (highest - lowest) % step = 0),
    CONSTRAINT no_further_than_the_bylaws_let CHECK (change_numerator IS NULL OR (
        (today - lowest) * change_denominator <= abs(today) * change_numerator
        AND (highest - today) * change_denominator <= abs(today) * change_numerator))
);

CREATE FUNCTION governance.check_number_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found record;
    probe bigint := (NEW.today + 1) * NEW.times;
    probed jsonb;
    path jsonb;
BEGIN
    SELECT CAST(asks AS jsonb) AS asked, body INTO found
    FROM governance.motion JOIN governance.number_bounds AS bounds USING (motion_id)
    JOIN rulebook.rule ON rule.kind = motion.rule_kind
    WHERE motion_id = NEW.motion_id AND rule_id = NEW.rule_id
      AND bounds.lowest <= NEW.lowest AND NEW.highest <= bounds.highest
      AND version = (SELECT max(version) FROM rulebook.rule AS every WHERE every.kind = motion.rule_kind)
      AND CAST(asks AS jsonb) ->> 'times' = CAST(NEW.times AS text);
    probed := CAST(found.body AS jsonb);
    FOR path IN SELECT jsonb_array_elements(found.asked -> 'fields') LOOP
        probed := jsonb_set(
            probed, ARRAY(SELECT jsonb_array_elements_text(path)), to_jsonb(probe), false);
    END LOOP;
    IF array_to_string(NEW.pieces, CAST(NEW.today * NEW.times AS text)) IS DISTINCT FROM found.body
       OR CAST(array_to_string(NEW.pieces, CAST(probe AS text)) AS jsonb) IS DISTINCT FROM probed THEN
        PERFORM governance.refuse('i19_the_number_stands_in_the_rule', 'the last rule is not cut like this');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i19_the_number_stands_in_the_rule BEFORE INSERT ON governance.number_terms
    FOR EACH ROW EXECUTE FUNCTION governance.check_number_terms();

-- A number is written into the body as it is at the notice, so no other vote may write that kind of rule
-- between the notice and the certificate. Whoever calls a vote on a kind waits for who calls another.
CREATE FUNCTION governance.check_notice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    called governance.motion;
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    SELECT * INTO called FROM governance.motion WHERE motion_id = NEW.motion_id;
    IF called.rule_kind IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM governance.lock_rules(called.rule_kind);
    PERFORM 1 FROM governance.notice JOIN governance.motion AS other USING (motion_id)
    WHERE other.motion_id <> NEW.motion_id AND other.rule_kind = called.rule_kind
      AND 'number' IN (CAST(other.asks AS jsonb) ->> 'kind', CAST(called.asks AS jsonb) ->> 'kind')
      AND governance.state_of(other.motion_id) NOT IN ('certified', 'lost', 'withdrawn');
    IF FOUND THEN
        PERFORM governance.refuse('one_vote_where_a_number_is_voted', 'another vote on this rule is under way');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER one_vote_where_a_number_is_voted BEFORE INSERT ON governance.notice
    FOR EACH ROW EXECUTE FUNCTION governance.check_notice();

CREATE FUNCTION governance.check_candidacy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    PERFORM 1 FROM governance.motion WHERE motion_id = NEW.motion_id
      AND CAST(asks AS jsonb) ->> 'kind' = 'election' AND governance.state_of(motion_id) = 'seconded';
    IF NOT FOUND THEN
        PERFORM governance.refuse('nominations_are_open', 'nominations are not open');
    END IF;
    PERFORM 1 FROM governance.candidate_withdrawn
    WHERE (motion_id, member_id) = (NEW.motion_id, NEW.member_id);
    IF FOUND AND TG_TABLE_NAME = 'candidate_accepted' THEN
        PERFORM governance.refuse('withdrawn_for_good', 'this candidate has withdrawn');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER nominations_are_open BEFORE INSERT ON governance.candidate
    FOR EACH ROW EXECUTE FUNCTION governance.check_candidacy();
CREATE TRIGGER nominations_are_open BEFORE INSERT ON governance.candidate_accepted
    FOR EACH ROW EXECUTE FUNCTION governance.check_candidacy();
CREATE TRIGGER nominations_are_open BEFORE INSERT ON governance.candidate_withdrawn
    FOR EACH ROW EXECUTE FUNCTION governance.check_candidacy();

CREATE FUNCTION governance.check_bounds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    PERFORM 1 FROM governance.motion WHERE motion_id = NEW.motion_id
      AND CAST(asks AS jsonb) ->> 'kind' = 'number'
      AND governance.state_of(motion_id) IN ('proposed', 'seconded');
    IF NOT FOUND THEN
        PERFORM governance.refuse('bounds_before_the_notice', 'bounds are published before the notice');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bounds_before_the_notice BEFORE INSERT ON governance.number_bounds
    FOR EACH ROW EXECUTE FUNCTION governance.check_bounds();

-- ------------------------------------------------------------------------------------------ polls

-- One question to one electorate, with a manifest of its own. Where classes must each pass a motion,
-- each has a poll: ballots without names cannot be told apart by class. Whoever votes beside those
-- classes has the poll without one.
CREATE TABLE governance.poll (
    poll_id uuid PRIMARY KEY,
    motion_id uuid NOT NULL REFERENCES governance.notice,
    member_class text CHECK (member_class IN ('driver', 'rider', 'worker', 'city')),
    tier text NOT NULL CHECK (tier IN ('open', 'detached', 'sealed')),
    question text NOT NULL CHECK (jsonb_typeof(CAST(question AS jsonb)) = 'object'),
    CONSTRAINT one_poll_a_class UNIQUE NULLS NOT DISTINCT (motion_id, member_class)
);
-- Which projects of its fund the options of a division are.
CREATE TABLE governance.ballot_project (
    motion_id uuid NOT NULL REFERENCES governance.notice,
    number integer NOT NULL CHECK (number >= 1),
    project_id text NOT NULL,
    PRIMARY KEY (motion_id, number),
    UNIQUE (motion_id, project_id)
);

-- Whether a question is the motion's: its rule, a number's bounds, an election's candidates.
CREATE FUNCTION governance.asks_what_is_called(p_motion_id uuid, p_question jsonb)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_question #>> '{rule,name}' = CASE method WHEN 'yes_no' THEN 'for_against'
               WHEN 'median' THEN 'lower_median' WHEN 'ranked' THEN 'schulze' ELSE method END
       AND CASE CAST(asks AS jsonb) ->> 'kind'
           WHEN 'number' THEN EXISTS (
               SELECT 1 FROM governance.number_terms AS number WHERE number.motion_id = p_motion_id
                 AND p_question #> '{rule,parameters}' @> jsonb_build_object('lowest', lowest,
                     'highest', highest, 'step', step, 'today', today))
           WHEN 'election' THEN
               p_question #> '{rule,parameters,seats}' = CAST(asks AS jsonb) -> 'seats'
               AND ARRAY(SELECT one ->> 'name' FROM jsonb_array_elements(p_question -> 'options') AS one)
                   = ARRAY(SELECT name FROM governance.ballot_candidate AS one
                           WHERE one.motion_id = p_motion_id ORDER BY name COLLATE "C")
           WHEN 'texts' THEN
               CAST(p_question #>> '{rule,parameters,status_quo}' AS integer)
               = 1 + jsonb_array_length(CAST(asks AS jsonb) -> 'texts')
           ELSE true END
    FROM governance.motion JOIN governance.notice USING (motion_id) WHERE motion_id = p_motion_id
$$;
CREATE FUNCTION governance.check_poll() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    PERFORM 1 FROM governance.notice WHERE motion_id = NEW.motion_id AND tier = NEW.tier
      AND (NEW.member_class IS NULL OR NEW.member_class = ANY (pass_each));
    IF NOT FOUND OR governance.state_of(NEW.motion_id) NOT IN ('proposed', 'seconded', 'amending') THEN
        PERFORM governance.refuse('a_poll_is_called_by_the_notice', 'the notice calls no such poll');
    END IF;
    IF NOT governance.asks_what_is_called(NEW.motion_id, CAST(NEW.question AS jsonb)) THEN
        PERFORM governance.refuse('a_poll_asks_what_is_called', 'the motion asks something else');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_poll_is_called_by_the_notice BEFORE INSERT ON governance.poll
    FOR EACH ROW EXECUTE FUNCTION governance.check_poll();

-- Who votes in which poll: everyone on the roll in exactly one.
CREATE VIEW governance.elector AS
    SELECT poll_id, roll.* FROM governance.poll JOIN governance.notice USING (motion_id)
    JOIN governance.roll USING (motion_id)
    WHERE poll.member_class = roll.member_class
       OR (poll.member_class IS NULL AND roll.member_class <> ALL (pass_each));

-- The passkey a member votes with: a P-256 key as SubjectPublicKeyInfo. The latest one counts.
CREATE TABLE governance.voting_key (
    member_id uuid NOT NULL REFERENCES governance.member,
    number integer NOT NULL CHECK (number >= 1),
    credential bytea NOT NULL,
    credential_id bytea NOT NULL CHECK (length(credential_id) BETWEEN 1 AND 1023),
    at timestamptz NOT NULL,
    PRIMARY KEY (member_id, number),
    CONSTRAINT a_p256_key CHECK (length(credential) = 91 AND substring(credential FROM 1 FOR 27)
        = '\x3059301306072a8648ce3d020106082a8648ce3d03010703420004')
);

-- The roll of a poll as it is published at the opening; a name in open polls alone.
CREATE TABLE governance.poll_roll (
    poll_id uuid NOT NULL REFERENCES governance.poll,
    commitment text NOT NULL CHECK (commitment ~ '^[0-9a-f]{64}$'),
    credential bytea NOT NULL CHECK (length(credential) IN (0, 91)),
    name text NOT NULL DEFAULT '',
    PRIMARY KEY (poll_id, commitment)
);

-- Who cosigns the heads of the logs; who opens the ballots of a poll, and with which key.
CREATE TABLE governance.witness (
    name text PRIMARY KEY CHECK (name ~ '^[^[:space:]+]{1,200}$'),
    public bytea NOT NULL CHECK (length(public) = 32),
    appointed_at timestamptz NOT NULL
);
CREATE TABLE governance.poll_trustees (
    poll_id uuid PRIMARY KEY REFERENCES governance.poll,
    election_key bytea NOT NULL CHECK (length(election_key) = 32),
    needed integer NOT NULL,
    people jsonb NOT NULL CHECK (jsonb_typeof(people) = 'array'),
    CONSTRAINT needed_are_there CHECK (needed BETWEEN 1 AND jsonb_array_length(people))
);

-- Everything that must stand before a vote opens, as one document with one hash.
CREATE TABLE governance.manifest (
    poll_id uuid PRIMARY KEY REFERENCES governance.poll,
    document text NOT NULL,
    digest text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT manifest_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex'))
);

-- Who took part in a detached poll. Neither a time nor an order stands here.
CREATE TABLE governance.detached_mark (
    poll_id uuid NOT NULL,
    commitment text NOT NULL,
    CONSTRAINT i24_marked_once PRIMARY KEY (poll_id, commitment),
    CONSTRAINT i24_on_the_roll_of_the_poll
        FOREIGN KEY (poll_id, commitment) REFERENCES governance.poll_roll
);

-- A trustee's share of the key, with the signed statement that gives it up.
CREATE TABLE governance.poll_release (
    poll_id uuid NOT NULL REFERENCES governance.poll_trustees,
    trustee text NOT NULL,
    statement text NOT NULL,
    share_number integer NOT NULL CHECK (share_number BETWEEN 1 AND 255),
    share bytea NOT NULL CHECK (length(share) = 32),
    PRIMARY KEY (poll_id, trustee),
    CONSTRAINT a_share_is_given_up_once UNIQUE (poll_id, share_number),
    CONSTRAINT stated_by_whose_share_it_is
        CHECK (CAST(statement AS jsonb) ->> 'trustee' IS NOT DISTINCT FROM trustee)
);

-- What a poll came to: its certificate, and each different choice with how many ballots say it.
CREATE TABLE governance.poll_count (
    poll_id uuid PRIMARY KEY REFERENCES governance.manifest,
    certificate text NOT NULL,
    digest text NOT NULL,
    choices text NOT NULL CHECK (jsonb_typeof(CAST(choices AS jsonb)) = 'array'),
    bundle_bytes bigint,
    CONSTRAINT poll_certificate_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(certificate, 'UTF8')), 'hex'))
);

-- The bundle that everybody counts it again from, in pieces: of a whole city's ballots it has hundreds of
-- megabytes, and whoever fetches it gets piece after piece.
CREATE TABLE governance.bundle_piece (
    poll_id uuid NOT NULL REFERENCES governance.manifest,
    number integer NOT NULL,
    piece bytea NOT NULL CHECK (length(piece) BETWEEN 1 AND 1048576),
    PRIMARY KEY (poll_id, number)
);
ALTER TABLE governance.bundle_piece ALTER COLUMN piece SET STORAGE EXTERNAL;  -- packed already

-- When a vote closes: as the notice says.
CREATE FUNCTION governance.closes_at(p_motion_id uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT closes_at FROM governance.notice WHERE motion_id = p_motion_id
$$;

-- Where a poll's motion is; rolls and manifests come with the opening, shares and counts after the close.
CREATE FUNCTION governance.check_poll_stands(p_poll_id uuid, p_state text, p_tiers text[], p_constraint text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(motion_id) FROM governance.poll WHERE poll_id = p_poll_id;
    PERFORM 1 FROM governance.poll
    WHERE poll_id = p_poll_id AND governance.state_of(motion_id) = p_state AND tier = ANY (p_tiers);
    IF NOT FOUND THEN
        PERFORM governance.refuse(p_constraint, 'this poll is not ' || p_state || ', or of another tier');
    END IF;
END $$;

CREATE FUNCTION governance.check_poll_roll() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.check_poll_stands(
        NEW.poll_id, 'frozen', '{open,detached,sealed}', 'i27_the_roll_is_frozen');
    PERFORM 1 FROM governance.poll JOIN governance.elector USING (poll_id)
    WHERE poll_id = NEW.poll_id AND commitment = NEW.commitment AND (NEW.name = '' OR tier = 'open');
    IF NOT FOUND THEN
        PERFORM governance.refuse('i24_on_the_roll', 'nobody on the roll has this entry');
    END IF;
    IF EXISTS (SELECT 1 FROM governance.manifest WHERE poll_id = NEW.poll_id) THEN
        PERFORM governance.refuse('i27_the_roll_is_frozen', 'this roll is published');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i27_the_roll_is_frozen BEFORE INSERT ON governance.poll_roll
    FOR EACH ROW EXECUTE FUNCTION governance.check_poll_roll();

CREATE FUNCTION governance.check_trustees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(motion_id) FROM governance.poll WHERE poll_id = NEW.poll_id;
    PERFORM 1 FROM governance.poll WHERE poll_id = NEW.poll_id AND tier IN ('detached', 'sealed')
      AND governance.state_of(motion_id) IN ('amending', 'frozen');
    IF NOT FOUND THEN
        PERFORM governance.refuse('trustees_before_the_opening', 'this poll takes no trustees now');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trustees_before_the_opening BEFORE INSERT ON governance.poll_trustees
    FOR EACH ROW EXECUTE FUNCTION governance.check_trustees();

-- I27: the manifest says what the notice and the roll say.
CREATE FUNCTION governance.check_manifest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said jsonb := CAST(NEW.document AS jsonb);
    terms record;
    asked jsonb;
    entries bigint;
BEGIN
    PERFORM governance.check_poll_stands(NEW.poll_id, 'frozen', '{detached,sealed}', 'manifest_at_the_opening');
    SELECT poll.*, notice.opens_at, notice.closes_at, trustees.election_key INTO terms
    FROM governance.poll JOIN governance.notice USING (motion_id)
    JOIN governance.poll_trustees AS trustees USING (poll_id) WHERE poll_id = NEW.poll_id;
    SELECT count(*) INTO entries FROM governance.elector WHERE poll_id = NEW.poll_id;
    asked := CAST(terms.question AS jsonb);
    -- The quorum is of the roll as it is published, and the notice is older than the roll.
    IF said -> 'question' IS DISTINCT FROM asked -> 'question'
       OR said -> 'options' IS DISTINCT FROM asked -> 'options'
       OR (said -> 'rule') #- '{parameters,quorum}' IS DISTINCT FROM (asked -> 'rule') #- '{parameters,quorum}'
       OR said ->> 'vote' IS DISTINCT FROM CAST(NEW.poll_id AS text)
       OR said ->> 'tier' IS DISTINCT FROM terms.tier
       OR said #>> '{roll,size}' IS DISTINCT FROM CAST(entries AS text)
       OR entries <> (SELECT count(*) FROM governance.poll_roll WHERE poll_id = NEW.poll_id)
       OR said #>> '{trustees,election_key}' IS DISTINCT FROM encode(terms.election_key, 'base64')
       OR CAST(said ->> 'opens_at_ms' AS bigint)
          IS DISTINCT FROM CAST(extract(epoch FROM terms.opens_at) * 1000 AS bigint)
       OR CAST(said ->> 'closes_at_ms' AS bigint)
          IS DISTINCT FROM CAST(extract(epoch FROM terms.closes_at) * 1000 AS bigint) THEN
        PERFORM governance.refuse('i27_the_manifest_says_the_notice', 'the manifest is not of this poll');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i27_the_manifest_says_the_notice BEFORE INSERT ON governance.manifest
    FOR EACH ROW EXECUTE FUNCTION governance.check_manifest();

CREATE FUNCTION governance.check_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.check_poll_stands(NEW.poll_id, 'open', '{detached}', 'i25_while_the_vote_is_open');
    PERFORM 1 FROM governance.poll
    WHERE poll_id = NEW.poll_id AND public.service_now() < governance.closes_at(motion_id);
    IF NOT FOUND THEN
        PERFORM governance.refuse('i25_while_the_vote_is_open', 'this vote is not open');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i25_while_the_vote_is_open BEFORE INSERT ON governance.detached_mark
    FOR EACH ROW EXECUTE FUNCTION governance.check_mark();

CREATE FUNCTION governance.check_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.check_poll_stands(NEW.poll_id, 'closed', '{detached,sealed}', 'shares_after_the_close');
    PERFORM 1 FROM governance.poll_trustees, jsonb_array_elements(people) AS one
    WHERE poll_id = NEW.poll_id AND one ->> 'name' = NEW.trustee;
    IF NOT FOUND THEN
        PERFORM governance.refuse('a_share_is_a_trustees', 'no trustee of this poll has this name');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER shares_after_the_close BEFORE INSERT ON governance.poll_release
    FOR EACH ROW EXECUTE FUNCTION governance.check_release();

-- I27: a count comes after the close and the shares, is of no more ballots than the roll has entries,
-- and its certificate tells the same number as its choices.
CREATE FUNCTION governance.check_poll_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said jsonb := CAST(NEW.certificate AS jsonb);
    ballots bigint;
    entries bigint;
    asked jsonb;
    recount jsonb;
BEGIN
    PERFORM governance.check_poll_stands(NEW.poll_id, 'closed', '{detached,sealed}', 'counted_after_the_close');
    SELECT CAST(document AS jsonb) -> 'rule' INTO asked FROM governance.manifest WHERE poll_id = NEW.poll_id;
    recount := governance.recount(asked, CAST(NEW.choices AS jsonb));
    SELECT coalesce(sum(CAST(one ->> 1 AS bigint)), 0) INTO ballots
    FROM jsonb_array_elements(CAST(NEW.choices AS jsonb)) AS one;
    SELECT count(*) INTO entries FROM governance.poll_roll WHERE poll_id = NEW.poll_id;
    IF said ->> 'vote' IS DISTINCT FROM CAST(NEW.poll_id AS text)
       OR CAST(said ->> 'valid' AS bigint) IS DISTINCT FROM ballots
       OR CAST(said ->> 'roll' AS bigint) IS DISTINCT FROM entries
       OR ballots > entries
       OR (recount IS NOT NULL AND said -> 'result' IS DISTINCT FROM recount)
       OR NEW.bundle_bytes IS DISTINCT FROM (
           SELECT sum(length(piece)) FROM governance.bundle_piece WHERE poll_id = NEW.poll_id)
       OR (SELECT count(trustee) < max(needed) FROM governance.poll_trustees
           LEFT JOIN governance.poll_release USING (poll_id) WHERE poll_id = NEW.poll_id) THEN
        PERFORM governance.refuse('i27_a_count_of_the_poll', 'the count is not one of this poll');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i27_a_count_of_the_poll BEFORE INSERT ON governance.poll_count
    FOR EACH ROW EXECUTE FUNCTION governance.check_poll_count();

-- A bundle is written with its count, in one commit: pieces without a gap, none behind the count that says
-- how long they are together, and none without it.
CREATE FUNCTION governance.check_bundle_piece() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.check_poll_stands(NEW.poll_id, 'closed', '{detached,sealed}', 'counted_after_the_close');
    IF EXISTS (SELECT 1 FROM governance.poll_count WHERE poll_id = NEW.poll_id)
       OR NEW.number <> (SELECT coalesce(max(number), -1) + 1 FROM governance.bundle_piece
                         WHERE poll_id = NEW.poll_id) THEN
        PERFORM governance.refuse('a_bundle_is_whole', 'this is not the next piece of a bundle');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_bundle_is_whole BEFORE INSERT ON governance.bundle_piece
    FOR EACH ROW EXECUTE FUNCTION governance.check_bundle_piece();
CREATE FUNCTION governance.check_bundle_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM governance.poll_count WHERE poll_id = NEW.poll_id) THEN
        PERFORM governance.refuse('a_bundle_is_of_a_count', 'this poll is not counted');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_bundle_is_of_a_count AFTER INSERT ON governance.bundle_piece
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.number = 0)
    EXECUTE FUNCTION governance.check_bundle_is_counted();

-- ------------------------------------------------------------------------------------ the recount

-- What a vote's ballots say, of all polls together: from the board of names, or from what was counted.
CREATE FUNCTION governance.choices_of(p_motion_id uuid)
RETURNS TABLE (member_class text, choice jsonb, times bigint) LANGUAGE sql STABLE AS $$
    SELECT roll.member_class, CASE method WHEN 'yes_no' THEN jsonb_build_object('mark', mark)
                              ELSE CAST(mark AS jsonb) END, count(*)
    FROM governance.counted_ballot JOIN governance.notice USING (motion_id)
    JOIN governance.roll USING (motion_id, member_id)
    WHERE motion_id = p_motion_id AND tier = 'open' GROUP BY 1, 2
    UNION ALL
    SELECT poll.member_class, one -> 0, CAST(one ->> 1 AS bigint)
    FROM governance.poll JOIN governance.poll_count USING (poll_id),
         jsonb_array_elements(CAST(choices AS jsonb)) AS one
    WHERE motion_id = p_motion_id
$$;

-- For and against, with a share such as ">=3/4" of both together.
CREATE FUNCTION governance.count_for_against(p_parameters jsonb, p_choices jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    WITH said AS (
        SELECT coalesce(sum(times) FILTER (WHERE mark = 'for'), 0) AS votes_for,
               coalesce(sum(times) FILTER (WHERE mark = 'against'), 0) AS votes_against,
               coalesce(sum(times) FILTER (WHERE mark = 'abstain'), 0) AS abstain
        FROM (SELECT one #>> '{0,mark}' AS mark, CAST(one ->> 1 AS bigint) AS times
              FROM jsonb_array_elements(p_choices) AS one) AS every),
    required AS (
        SELECT p_parameters ->> 'required' NOT LIKE '>=%' AS is_more,
               CAST(split_part(ltrim(p_parameters ->> 'required', '>='), '/', 1) AS bigint) AS part,
               CAST(coalesce(nullif(split_part(p_parameters ->> 'required', '/', 2), ''), '1') AS bigint) AS whole)
    SELECT jsonb_build_object('rule', 'for_against', 'for', votes_for, 'against', votes_against,
        'abstain', abstain, 'outcome', CASE
            WHEN votes_for + votes_against + abstain < CAST(p_parameters ->> 'quorum' AS bigint) THEN 'no_quorum'
            WHEN votes_for = votes_against THEN 'tie'
            WHEN votes_for * whole > part * (votes_for + votes_against)
                 OR (NOT is_more AND votes_for * whole = part * (votes_for + votes_against)) THEN 'passed'
            ELSE 'not_enough' END)
    FROM said, required
$$;

-- The lower median of the numbers said and of the phantoms at today's value.
CREATE FUNCTION governance.count_lower_median(p_parameters jsonb, p_choices jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    WITH every AS (
        SELECT CAST(one #>> '{0,value}' AS bigint) AS value, CAST(one ->> 1 AS bigint) AS times
        FROM jsonb_array_elements(p_choices) AS one),
    given AS (SELECT value, sum(times) AS times FROM every WHERE value IS NOT NULL GROUP BY value),
    phantoms AS (
        SELECT ceil(coalesce(sum(times), 0)
                    * CAST(split_part(p_parameters ->> 'phantom_share', '/', 1) AS numeric)
                    / CAST(coalesce(nullif(split_part(p_parameters ->> 'phantom_share', '/', 2), ''), '1')
                           AS numeric)) AS times
        FROM given),
    placed AS (
        SELECT value, sum(times) OVER (ORDER BY value) AS up_to_here, sum(times) OVER () AS weighed
        FROM (SELECT value, times FROM given UNION ALL
              SELECT CAST(p_parameters ->> 'today' AS bigint), times FROM phantoms) AS weighed)
    SELECT jsonb_build_object('rule', 'lower_median',
        'values', (SELECT coalesce(jsonb_agg(jsonb_build_array(value, times) ORDER BY value), '[]') FROM given),
        'abstained', (SELECT coalesce(sum(times), 0) FROM every WHERE value IS NULL),
        'phantoms', CAST(phantoms.times AS bigint),
        'value', (SELECT value FROM placed WHERE weighed > 0 AND 2 * up_to_here >= weighed ORDER BY value LIMIT 1))
    FROM phantoms
$$;

-- By the rules that are counted here, too; NULL by the others, which the verifier alone recounts.
CREATE FUNCTION governance.recount(p_rule jsonb, p_choices jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_rule ->> 'name'
        WHEN 'for_against' THEN governance.count_for_against(p_rule -> 'parameters', p_choices)
        WHEN 'lower_median' THEN governance.count_lower_median(p_rule -> 'parameters', p_choices) END
$$;

-- I27: a certificate is a recount of the ballots, judged by what stood in the notice.
CREATE FUNCTION governance.check_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    terms governance.notice;
    choices jsonb;
    asked jsonb;
    found jsonb;
    ballots bigint;
    broken bigint;
    roll_size bigint;
    enough boolean;
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    IF governance.state_of(NEW.motion_id) <> 'closed' THEN
        PERFORM governance.refuse('certified_after_the_close', 'this vote is not closed');
    END IF;
    SELECT * INTO terms FROM governance.notice WHERE motion_id = NEW.motion_id;
    IF EXISTS (SELECT 1 FROM governance.poll LEFT JOIN governance.poll_count AS counted USING (poll_id)
               WHERE motion_id = NEW.motion_id AND tier <> 'open' AND counted.poll_id IS NULL) THEN
        PERFORM governance.refuse('i27_every_poll_is_counted', 'a poll is not counted');
    END IF;
    SELECT CAST(question AS jsonb) -> 'rule' INTO asked FROM governance.poll
    WHERE motion_id = NEW.motion_id LIMIT 1;
    SELECT size INTO roll_size FROM governance.roll_published WHERE motion_id = NEW.motion_id;
    SELECT coalesce(jsonb_agg(jsonb_build_array(choice, times)), '[]'), coalesce(sum(times), 0)
    INTO choices, ballots FROM governance.choices_of(NEW.motion_id);
    SELECT coalesce(sum(jsonb_array_length(CAST(certificate AS jsonb) -> 'broken')), 0) INTO broken
    FROM governance.poll JOIN governance.poll_count USING (poll_id) WHERE motion_id = NEW.motion_id;
    found := governance.recount(asked, choices);
    IF (CAST(NEW.roll_size AS bigint), CAST(NEW.ballots_cast AS bigint), CAST(NEW.valid AS bigint), NEW.quorum,
        CAST(NEW.votes_for AS text), CAST(NEW.votes_against AS text), CAST(NEW.abstentions AS text))
       IS DISTINCT FROM (roll_size, ballots + broken, ballots, governance.headcount(terms.quorum_terms, roll_size),
        found ->> 'for', found ->> 'against', found ->> 'abstain')
       OR (terms.method = 'median' AND CAST(NEW.value AS text) IS DISTINCT FROM found ->> 'value')
       OR ballots > roll_size THEN
        PERFORM governance.refuse('i27_a_recount_of_the_board', 'the certificate is no recount of the board');
    END IF;
    enough := NEW.valid >= NEW.quorum AND CASE terms.method
        WHEN 'yes_no' THEN governance.is_carried(terms, roll_size)
        WHEN 'median' THEN NEW.value IS DISTINCT FROM CAST(asked #>> '{parameters,today}' AS bigint)
                           AND NEW.value IS NOT NULL
        ELSE governance.is_as_counted(NEW, asked) END;
    IF NEW.has_passed IS DISTINCT FROM enough THEN
        PERFORM governance.refuse('i27_judged_by_its_notice', 'the outcome is not what the notice asks for');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i27_a_recount_of_the_board BEFORE INSERT ON governance.certificate
    FOR EACH ROW EXECUTE FUNCTION governance.check_certificate();

-- Whether a vote for or against is carried by the whole, and by each class that must carry it.
CREATE FUNCTION governance.is_carried(p_terms governance.notice, p_all bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT bool_and(governance.is_enough(
        p_terms, CAST(votes_for AS bigint), CAST(votes_against AS bigint), people))
    FROM (SELECT coalesce(sum(times) FILTER (WHERE choice ->> 'mark' = 'for'), 0) AS votes_for,
                 coalesce(sum(times) FILTER (WHERE choice ->> 'mark' = 'against'), 0) AS votes_against,
                 p_all AS people
          FROM governance.choices_of(p_terms.motion_id)
          UNION ALL
          SELECT coalesce(sum(times) FILTER (WHERE choice ->> 'mark' = 'for'), 0),
                 coalesce(sum(times) FILTER (WHERE choice ->> 'mark' = 'against'), 0),
                 (SELECT count(*) FROM governance.roll
                  WHERE roll.motion_id = p_terms.motion_id AND roll.member_class = each_class)
          FROM unnest(p_terms.pass_each) AS each_class
          LEFT JOIN governance.choices_of(p_terms.motion_id) AS said ON said.member_class = each_class
          GROUP BY each_class) AS parts
$$;

-- Whether a vote by another rule decides something. The database counts none of these again: where
-- names stand beside the choices anybody can, elsewhere it holds the certificate to its poll's.
CREATE FUNCTION governance.is_as_counted(p_said governance.certificate, p_rule jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    result jsonb;
    winner jsonb := coalesce(to_jsonb(p_said.winner), 'null');
BEGIN
    SELECT CAST(counted.certificate AS jsonb) -> 'result' INTO result
    FROM governance.poll JOIN governance.poll_count AS counted USING (poll_id)
    WHERE motion_id = p_said.motion_id;
    result := coalesce(result, CAST(p_said.document AS jsonb) #> '{count,result}');
    IF p_rule ->> 'name' = 'schulze' THEN
        IF result -> 'winner' IS DISTINCT FROM winner THEN
            PERFORM governance.refuse('i27_a_recount_of_the_board', 'another text won this poll');
        END IF;
        RETURN p_said.winner IS NOT NULL AND winner <> p_rule #> '{parameters,status_quo}';
    END IF;
    -- By no rule at all nothing is decided: this answers no where there is no question.
    RETURN coalesce(jsonb_array_length(CASE p_rule ->> 'name'
        WHEN 'scottish_stv' THEN result -> 'elected_numbers'
        WHEN 'equal_shares' THEN result -> 'selected_numbers' END) > 0, false);
END $$;

-- Steps that need something beside them, judged by the database's clock.
CREATE FUNCTION governance.check_motion_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    terms governance.notice;
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    SELECT * INTO terms FROM governance.notice WHERE motion_id = NEW.motion_id;
    IF (NEW.to_state = 'frozen' AND public.service_now() < terms.freezes_at)
       OR (NEW.to_state = 'open' AND public.service_now() < terms.opens_at)
       OR (NEW.to_state = 'closed' AND public.service_now() < terms.closes_at) THEN
        PERFORM governance.refuse('no_step_before_its_time', 'the notice names a later time');
    END IF;
    IF NEW.to_state NOT IN ('proposed', 'seconded', 'withdrawn') AND terms.motion_id IS NULL THEN
        PERFORM governance.refuse('a_notice_first', 'no notice of this vote was given');
    END IF;
    IF NEW.to_state = 'open' AND NOT EXISTS (
        SELECT 1 FROM governance.roll_published WHERE motion_id = NEW.motion_id) THEN
        PERFORM governance.refuse('i27_the_roll_before_the_vote', 'the roll is not published');
    END IF;
    IF NEW.to_state = 'open' AND EXISTS (
        SELECT 1 FROM governance.poll LEFT JOIN governance.manifest USING (poll_id)
        WHERE motion_id = NEW.motion_id AND poll.tier <> 'open' AND manifest.poll_id IS NULL) THEN
        PERFORM governance.refuse('i27_the_manifest_before_the_vote', 'a poll has no manifest');
    END IF;
    -- What a poll asks is what is counted, and nobody on the roll is left without one.
    IF NEW.to_state = 'open' AND (NOT EXISTS (SELECT 1 FROM governance.poll WHERE motion_id = NEW.motion_id)
       OR (terms.tier <> 'open' AND EXISTS (
           SELECT 1 FROM governance.roll AS entry WHERE entry.motion_id = NEW.motion_id AND NOT EXISTS (
               SELECT 1 FROM governance.poll WHERE poll.motion_id = NEW.motion_id
                 AND coalesce(poll.member_class = entry.member_class,
                              entry.member_class <> ALL (terms.pass_each)))))) THEN
        PERFORM governance.refuse('i24_a_poll_for_everybody', 'somebody on the roll has no poll');
    END IF;
    IF NEW.to_state = 'withdrawn' AND governance.state_of(NEW.motion_id) = 'amending'
       AND terms.freezes_at <= public.service_now() THEN
        PERFORM governance.refuse('the_text_is_frozen', 'what is frozen is voted on');
    END IF;
    IF NEW.to_state IN ('certified', 'lost') AND NOT EXISTS (
        SELECT 1 FROM governance.certificate
        WHERE motion_id = NEW.motion_id AND has_passed = (NEW.to_state = 'certified')) THEN
        PERFORM governance.refuse('certified_by_its_certificate', 'no certificate says so');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_step_before_its_time BEFORE INSERT ON governance.motion_step
    FOR EACH ROW EXECUTE FUNCTION governance.check_motion_step();

CREATE FUNCTION governance.check_motion_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    IF NEW.version > 1 AND governance.state_of(NEW.motion_id) NOT IN ('proposed', 'seconded', 'amending')
       OR EXISTS (SELECT 1 FROM governance.notice WHERE motion_id = NEW.motion_id
                  AND freezes_at <= public.service_now())
       OR NEW.version <> 1 + (SELECT count(*) FROM governance.motion_text WHERE motion_id = NEW.motion_id) THEN
        PERFORM governance.refuse('the_text_is_frozen', 'this text does not change any more');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER the_text_is_frozen BEFORE INSERT ON governance.motion_text
    FOR EACH ROW EXECUTE FUNCTION governance.check_motion_text();

-- -------------------------------------------------------------------------------------- enactment

-- I19: what adopts a rule after the charter is a certificate that stands here, of a motion that passed.
CREATE FUNCTION governance.check_adoption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'certificate' THEN
        PERFORM 1 FROM governance.certificate JOIN governance.notice USING (motion_id)
        JOIN governance.motion USING (motion_id)
        WHERE motion_id = NEW.adoption_id AND certificate.digest = NEW.digest AND has_passed
          AND num_nonnulls(rule_kind, period_id) = 1 AND rule_notice_days = NEW.notice_days;
        IF NOT FOUND THEN
            PERFORM governance.refuse('i19_adopted_by_a_certificate', 'no certificate adopts this');
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i19_adopted_by_a_certificate BEFORE INSERT ON rulebook.adoption
    FOR EACH ROW EXECUTE FUNCTION governance.check_adoption();

CREATE FUNCTION governance.check_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.adoption_kind = 'certificate' THEN
        PERFORM 1 FROM governance.motion LEFT JOIN governance.number_terms AS number USING (motion_id)
        WHERE motion_id = NEW.adoption_id AND rule_kind = NEW.kind
          AND governance.adopted_text(motion_id) = NEW.body
          AND (number.rule_id IS NULL OR number.rule_id = NEW.supersedes);
        IF NOT FOUND OR EXISTS (SELECT 1 FROM rulebook.rule WHERE adoption_id = NEW.adoption_id) THEN
            PERFORM governance.refuse('i19_the_text_that_was_voted_on', 'members adopted another text');
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i19_the_text_that_was_voted_on BEFORE INSERT ON rulebook.rule
    FOR EACH ROW EXECUTE FUNCTION governance.check_rule();

-- The text that won: of a vote for or against the last version of the motion's; of a number the body of
-- the rule it stands in, with the number decided in its place; of several texts the winner's own.
CREATE FUNCTION governance.adopted_text(p_motion_id uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE CAST(asks AS jsonb) ->> 'kind'
        WHEN 'text' THEN (SELECT text FROM governance.motion_text AS one
                          WHERE one.motion_id = motion.motion_id ORDER BY version DESC LIMIT 1)
        WHEN 'number' THEN (SELECT array_to_string(pieces, CAST(certificate.value * times AS text))
                            FROM governance.number_terms AS one WHERE one.motion_id = motion.motion_id)
        WHEN 'texts' THEN CAST(asks AS jsonb) #>> ARRAY['texts', CAST(winner - 1 AS text), 'text']
    END
    FROM governance.motion JOIN governance.certificate USING (motion_id)
    WHERE motion_id = p_motion_id AND has_passed
$$;

-- The one way from a certificate to a rule. Kind, body and notice are read from the motion; the caller
-- gives a date: not before the notice has run, as the rulebook judges, and not long after it.
CREATE FUNCTION governance.enact(p_motion_id uuid, p_rule_id uuid, p_valid_from timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    motion record;
    last record;
    v_adopted_at timestamptz;
BEGIN
    SELECT rule_kind, title, document, digest, rule_notice_days,
           governance.adopted_text(motion_id) AS text INTO STRICT motion
    FROM governance.motion AS moved JOIN governance.certificate USING (motion_id)
    JOIN governance.notice USING (motion_id) WHERE motion_id = p_motion_id;
    -- Locked, so that a quote by the version before is committed first, or sees this one.
    SELECT rule_id, version, valid_from INTO last FROM rulebook.rule
    WHERE kind = motion.rule_kind ORDER BY version DESC LIMIT 1 FOR UPDATE;
    INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
    VALUES (p_motion_id, 'certificate', motion.title, motion.document, motion.digest, motion.rule_notice_days)
    RETURNING adopted_at INTO v_adopted_at;
    IF p_valid_from > interval '3 days' + greatest(last.valid_from, governance.after_clear_days(
        governance.bylaws_of_notice(p_motion_id), v_adopted_at, motion.rule_notice_days)) THEN
        PERFORM governance.refuse('i19_in_force_on_its_date', 'what was adopted is not put off');
    END IF;
    INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at, supersedes,
                               superseded_from, adoption_id, notice_days, adoption_kind, adopted_at)
    VALUES (p_rule_id, motion.rule_kind, coalesce(last.version, 0) + 1, motion.text,
            encode(sha256(convert_to(motion.text, 'UTF8')), 'hex'), p_valid_from, v_adopted_at,
            last.rule_id, last.valid_from, p_motion_id, motion.rule_notice_days, 'certificate', v_adopted_at);
END $$;
REVOKE EXECUTE ON FUNCTION governance.enact FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.enact TO khan_app;

-- The one way from a certificate to the division of a period's surplus: what moves in the books names
-- this adoption.
CREATE FUNCTION governance.adopt_allocation(p_motion_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
    SELECT motion_id, 'certificate', title, document, digest, rule_notice_days
    FROM governance.motion JOIN governance.certificate USING (motion_id)
    JOIN governance.notice USING (motion_id) WHERE motion_id = p_motion_id AND period_id IS NOT NULL
$$;
REVOKE EXECUTE ON FUNCTION governance.adopt_allocation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.adopt_allocation TO khan_app;

-- What passed and writes a rule, or divides a surplus, has done so when the certificate is committed.
CREATE FUNCTION governance.check_enacted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.to_state = 'certified'
       AND EXISTS (SELECT 1 FROM governance.motion WHERE motion_id = NEW.motion_id AND period_id IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM rulebook.adoption WHERE adoption_id = NEW.motion_id) THEN
        PERFORM governance.refuse('what_passed_is_enacted', 'the motion passed and adopted nothing');
    END IF;
    IF NEW.to_state = 'certified'
       AND EXISTS (SELECT 1 FROM governance.motion WHERE motion_id = NEW.motion_id AND rule_kind IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM rulebook.rule WHERE adoption_id = NEW.motion_id) THEN
        PERFORM governance.refuse('what_passed_is_enacted', 'the motion passed and wrote no rule');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER what_passed_is_enacted AFTER INSERT ON governance.motion_step
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance.check_enacted();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['member', 'member_change', 'motion', 'motion_text', 'motion_second',
        'motion_answer', 'motion_follow_up', 'amendment', 'amendment_step', 'legal_motion_step', 'motion_step', 'notice', 'roll_entry',
        'roll_left_out', 'roll_struck', 'roll_published', 'open_ballot', 'certificate',
        'poll', 'voting_key', 'poll_roll', 'witness', 'poll_trustees', 'manifest', 'detached_mark',
        'poll_release', 'poll_count', 'bundle_piece', 'candidate', 'candidate_accepted',
        'candidate_withdrawn', 'number_bounds', 'number_terms',
        'ballot_project'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON governance.%I
            FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON governance.%I
            FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format('GRANT SELECT ON governance.%I TO khan_app', name);
        IF name <> 'legal_motion_step' THEN
            EXECUTE format('GRANT INSERT ON governance.%I TO khan_app', name);
        END IF;
    END LOOP;
END $$;
GRANT SELECT ON governance.roll, governance.counted_ballot, governance.elector, governance.ballot_candidate TO khan_app;
