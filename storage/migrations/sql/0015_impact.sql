-- What a motion's rule would do, worked out before the vote: one statement for each version of its
-- text and the rules it rests on, kept as canonical JSON and never changed.

CREATE TABLE governance.impact (
    motion_id uuid NOT NULL,
    version integer NOT NULL,
    rests_on jsonb NOT NULL,  -- digests of rules, as `impact_rests_on` gives them
    document text NOT NULL,
    digest text NOT NULL,
    seed bigint NOT NULL,
    assumptions text NOT NULL,
    has_figures boolean NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT one_statement_a_version_and_its_rules PRIMARY KEY (motion_id, version, rests_on),
    CONSTRAINT states_a_text_of_a_motion
        FOREIGN KEY (motion_id, version) REFERENCES governance.motion_text,
    CONSTRAINT statement_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
    -- What stands beside the document is what the document says.
    CONSTRAINT statement_says_the_same CHECK (
        CAST(document AS jsonb) ->> 'motion_id' = CAST(motion_id AS text)
        AND CAST(CAST(document AS jsonb) ->> 'version' AS integer) = version
        AND CAST(document AS jsonb) -> 'rests_on' = rests_on
        AND CAST(document AS jsonb) -> 'assumptions' = CAST(assumptions AS jsonb)
        AND (NOT has_figures OR CAST(CAST(document AS jsonb) #>> '{assumptions,seed}' AS bigint) = seed)
        AND has_figures = (jsonb_array_length(CAST(document AS jsonb) -> 'proposals') > 0)
        AND has_figures = ((CAST(document AS jsonb) ->> 'why_none') IS NULL))
);

-- What a statement on a motion rests on at an instant: the digest of each rule that a day is played
-- by, null where there is none; of a vote on a number also the bylaws, which say how far it may move,
-- and the rule it stands in, the last that was adopted.
CREATE FUNCTION governance.impact_rests_on(p_motion_id uuid, p_at timestamptz)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH about AS (
        SELECT rule_kind, CAST(asks AS jsonb) ->> 'kind' = 'number' AS is_number
        FROM governance.motion WHERE motion_id = p_motion_id),
    day (name, kind) AS (VALUES
        ('tariff', 'tariff'), ('pay_floor', 'pay_floor'), ('levy', 'levy'),
        ('matching_policy', 'matching_policy')
        UNION ALL SELECT 'bylaws', 'bylaws' FROM about WHERE is_number)
    SELECT jsonb_object_agg(name, (
            SELECT digest FROM rulebook.rule
            WHERE rule.kind = day.kind AND valid_from <= p_at ORDER BY valid_from DESC LIMIT 1))
        || COALESCE((
            SELECT jsonb_build_object('rule_it_stands_in', (
                SELECT digest FROM rulebook.rule WHERE rule.kind = about.rule_kind
                ORDER BY rule.version DESC LIMIT 1))
            FROM about WHERE is_number), '{}')
    FROM day
$$;

-- Only rules that change a fare, a pay or the matching have one, and it is of the text that was put.
-- Of a text for or against it is that text, of several texts one of them; of a number the rule with a
-- number within the board's bounds, and once the vote is called the body that its terms give.
CREATE FUNCTION governance.is_proposed(p_motion_id uuid, p_version integer, p_proposal jsonb)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE(CASE CAST(asks AS jsonb) ->> 'kind'
        WHEN 'text' THEN (p_proposal ->> 'value') IS NULL
            AND p_proposal ->> 'body_digest' = encode(sha256(convert_to(one.text, 'UTF8')), 'hex')
        WHEN 'texts' THEN (p_proposal ->> 'value') IS NULL AND p_proposal ->> 'body_digest' IN (
            SELECT encode(sha256(convert_to(offered ->> 'text', 'UTF8')), 'hex')
            FROM jsonb_array_elements(CAST(asks AS jsonb) -> 'texts') AS offered)
        WHEN 'number' THEN
            CAST(p_proposal ->> 'value' AS numeric) BETWEEN bounds.lowest AND bounds.highest
            AND (terms.pieces IS NULL OR p_proposal ->> 'body_digest' = encode(sha256(convert_to(
                array_to_string(
                    terms.pieces, CAST(CAST(p_proposal ->> 'value' AS numeric) * terms.times AS text)),
                'UTF8')), 'hex'))
        END, false)
    FROM governance.motion JOIN governance.motion_text AS one USING (motion_id)
    LEFT JOIN governance.number_bounds AS bounds USING (motion_id)
    LEFT JOIN governance.number_terms AS terms USING (motion_id)
    WHERE (motion_id, one.version) = (p_motion_id, p_version)
$$;

CREATE FUNCTION governance.check_impact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    put record;
BEGIN
    SELECT rule_kind INTO put
    FROM governance.motion JOIN governance.motion_text USING (motion_id)
    WHERE (motion_id, version) = (NEW.motion_id, NEW.version);
    IF put.rule_kind IS NULL
       OR put.rule_kind NOT IN ('tariff', 'pay_floor', 'levy', 'matching_policy') THEN
        PERFORM governance.refuse('a_statement_of_a_rule', 'no statement is made of that kind');
    END IF;
    IF CAST(NEW.document AS jsonb) ->> 'kind' <> put.rule_kind THEN
        PERFORM governance.refuse('a_statement_of_its_rule', 'the statement is of another kind');
    END IF;
    PERFORM FROM jsonb_array_elements(CAST(NEW.document AS jsonb) -> 'proposals') AS one
        WHERE NOT governance.is_proposed(NEW.motion_id, NEW.version, one);
    IF FOUND THEN
        PERFORM governance.refuse('a_statement_of_its_text', 'the statement is of another text');
    END IF;
    -- The rules that the day was played by are those it says it rests on.
    PERFORM FROM jsonb_array_elements(CAST(NEW.document AS jsonb) -> 'proposals') AS one
        WHERE one #> '{statement,rules,today}' IS DISTINCT FROM NEW.rests_on - 'bylaws' - 'rule_it_stands_in'
           OR one #>> ARRAY['statement', 'rules', 'proposed', put.rule_kind] IS DISTINCT FROM one ->> 'body_digest';
    IF FOUND THEN
        PERFORM governance.refuse('a_statement_of_its_rules', 'the statement is of other rules');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_statement_of_its_rule BEFORE INSERT ON governance.impact
    FOR EACH ROW EXECUTE FUNCTION governance.check_impact();

-- I31: a statement is announced in the same commit.
CREATE FUNCTION governance.check_impact_announced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM storage.outbox WHERE topic = 'governance.impact_stated'
        AND key = NEW.motion_id || ':' || NEW.version || ':' || (CAST(NEW.document AS jsonb) ->> 'digest');
    IF NOT FOUND THEN
        PERFORM governance.refuse('i31_announced_in_the_same_commit', 'the statement is not announced');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i31_announced_in_the_same_commit AFTER INSERT ON governance.impact
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance.check_impact_announced();

-- Whether a statement shows all that a vote may adopt: the text, each of several texts, the two ends
-- of a number as its terms fix them; or it says why there are no figures.
CREATE FUNCTION governance.states_all(p_motion_id uuid, p_stated governance.impact)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT (p_stated).has_figures OR COALESCE(bool_and(governance.is_proposed(
            p_motion_id, (p_stated).version, one)), false)
        AND COALESCE(CASE CAST(min(asks) AS jsonb) ->> 'kind'
            WHEN 'text' THEN count(*) = 1
            WHEN 'texts' THEN count(DISTINCT one ->> 'body_digest') = (
                SELECT count(DISTINCT offered ->> 'text')
                FROM jsonb_array_elements(CAST(min(asks) AS jsonb) -> 'texts') AS offered)
            WHEN 'number' THEN
                min(CAST(one ->> 'value' AS numeric)) = min(terms.lowest)
                AND max(CAST(one ->> 'value' AS numeric)) = max(terms.highest)
            END, false)
    FROM governance.motion LEFT JOIN governance.number_terms AS terms USING (motion_id),
        jsonb_array_elements(CAST((p_stated).document AS jsonb) -> 'proposals') AS one
    WHERE motion_id = p_motion_id
$$;

-- No vote is called on a tariff, a pay floor, a levy or a matching policy before members can see
-- what it would do: the text as it stands, against the rules in force at the notice. Looked at in the
-- commit, when a number has its terms.
CREATE FUNCTION governance.check_notice_states_impact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stated governance.impact;
BEGIN
    PERFORM FROM governance.motion WHERE motion_id = NEW.motion_id
        AND rule_kind IN ('tariff', 'pay_floor', 'levy', 'matching_policy');
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO stated FROM governance.impact
    WHERE motion_id = NEW.motion_id
      AND version = (SELECT max(version) FROM governance.motion_text WHERE motion_id = NEW.motion_id)
      AND rests_on = governance.impact_rests_on(NEW.motion_id, NEW.notice_at);
    IF NOT FOUND OR NOT governance.states_all(NEW.motion_id, stated) THEN
        PERFORM governance.refuse('no_notice_without_its_impact', 'no impact statement of this text and these rules');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER no_notice_without_its_impact AFTER INSERT ON governance.notice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance.check_notice_states_impact();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON governance.impact
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON governance.impact
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();
GRANT SELECT, INSERT ON governance.impact TO khan_app;

-- A member's own month under a proposal: their fares of some weeks.
CREATE INDEX charge_rider ON ledger.charge (rider_id, made_at) WHERE kind = 'fare';
CREATE INDEX charge_driver ON ledger.charge (driver_id, made_at) WHERE kind = 'fare';

-- Whoever asks, by whatever search path: what a check is worked out by is what stands here. A temporary
-- type of one's own called "text" comes before PostgreSQL's where a function does not say otherwise.
DO $$
DECLARE
    one regprocedure;
BEGIN
    FOR one IN SELECT oid FROM pg_proc
               WHERE pronamespace IN ('governance'::regnamespace, 'commons'::regnamespace,
                   'polls'::regnamespace, 'desk_secretary'::regnamespace,
                   'desk_city_clerk'::regnamespace, 'ballot_board'::regnamespace)
                 AND prosqlbody IS NULL AND proconfig IS NULL LOOP
        EXECUTE format('ALTER ROUTINE %s SET search_path = pg_catalog, pg_temp', one);
    END LOOP;
END $$;
