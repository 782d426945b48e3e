-- What a motion's rule would do, worked out before the vote: one statement for each version of its
-- text, kept as canonical JSON and never changed.

CREATE TABLE governance.impact (
    motion_id uuid NOT NULL,
    version integer NOT NULL,
    document text NOT NULL,
    digest text NOT NULL,
    seed bigint NOT NULL,
    assumptions text NOT NULL,
    has_figures boolean NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT one_statement_a_version PRIMARY KEY (motion_id, version),
    CONSTRAINT states_a_text_of_a_motion
        FOREIGN KEY (motion_id, version) REFERENCES governance.motion_text,
    CONSTRAINT statement_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
    -- What stands beside the document is what the document says.
    CONSTRAINT statement_says_the_same CHECK (
        CAST(document AS jsonb) ->> 'motion_id' = CAST(motion_id AS text)
        AND CAST(CAST(document AS jsonb) ->> 'version' AS integer) = version
        AND CAST(document AS jsonb) -> 'assumptions' = CAST(assumptions AS jsonb)
        AND (NOT has_figures OR CAST(CAST(document AS jsonb) #>> '{assumptions,seed}' AS bigint) = seed)
        AND has_figures = (jsonb_array_length(CAST(document AS jsonb) -> 'proposals') > 0)
        AND has_figures = ((CAST(document AS jsonb) ->> 'why_none') IS NULL))
);

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
    RETURN NEW;
END $$;
CREATE TRIGGER a_statement_of_its_rule BEFORE INSERT ON governance.impact
    FOR EACH ROW EXECUTE FUNCTION governance.check_impact();

-- I31: a statement is announced in the same commit.
CREATE FUNCTION governance.check_impact_announced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM storage.outbox WHERE topic = 'governance.impact_stated'
        AND key = NEW.motion_id || ':' || NEW.version;
    IF NOT FOUND THEN
        PERFORM governance.refuse('i31_announced_in_the_same_commit', 'the statement is not announced');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER i31_announced_in_the_same_commit AFTER INSERT ON governance.impact
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance.check_impact_announced();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON governance.impact
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON governance.impact
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();
GRANT SELECT, INSERT ON governance.impact TO khan_app;

-- A member's own month under a proposal: their fares of some weeks.
CREATE INDEX charge_rider ON ledger.charge (rider_id, made_at) WHERE kind = 'fare';
CREATE INDEX charge_driver ON ledger.charge (driver_id, made_at) WHERE kind = 'fare';
