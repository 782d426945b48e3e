-- The rules in force, and what adopted each. A rule is never edited; it is followed by the next.

CREATE SCHEMA rulebook;
GRANT USAGE ON SCHEMA rulebook TO khan_app;

-- What can adopt a rule: the founding charter, once; later the certificate of a passed motion.
CREATE TABLE rulebook.adoption (
    adoption_id uuid PRIMARY KEY,
    kind text NOT NULL,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    document text NOT NULL,
    digest text NOT NULL,
    notice_days integer NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT adopted_by_charter_or_certificate CHECK (kind IN ('charter', 'certificate')),
    CONSTRAINT notice_is_not_negative CHECK (notice_days >= 0),
    CONSTRAINT document_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
    CONSTRAINT notice_is_the_adoptions_own UNIQUE (adoption_id, notice_days)
);
-- I19: a city is founded once; from then on a rule needs a motion.
CREATE UNIQUE INDEX one_charter ON rulebook.adoption (kind) WHERE kind = 'charter';

-- `body` is canonical JSON text (sorted keys, no spaces), so that the digest can be checked here.
CREATE TABLE rulebook.rule (
    rule_id uuid PRIMARY KEY,
    kind text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    body text NOT NULL CHECK (jsonb_typeof(CAST(body AS jsonb)) = 'object'),
    digest text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    published_at timestamptz NOT NULL,
    supersedes uuid REFERENCES rulebook.rule (rule_id),
    adoption_id uuid NOT NULL,
    notice_days integer NOT NULL,
    CONSTRAINT kind_is_known CHECK (kind IN (
        'tariff', 'pay_floor', 'levy', 'matching_policy', 'booking_policy', 'privacy_purposes',
        'allocation_policy', 'bylaws')),
    CONSTRAINT ends_after_it_begins CHECK (valid_to > valid_from),
    CONSTRAINT first_supersedes_nothing CHECK ((version = 1) = (supersedes IS NULL)),
    CONSTRAINT versions_are_numbered_by_kind UNIQUE (kind, version),
    CONSTRAINT rule_and_its_kind UNIQUE (rule_id, kind),
    CONSTRAINT body_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
    -- I18: at every instant one rule of a kind at most.
    CONSTRAINT rules_of_a_kind_never_overlap
        EXCLUDE USING gist (kind WITH =, tstzrange(valid_from, valid_to) WITH &&),
    -- I19: a rule names what adopted it, and begins only after that adoption's notice.
    CONSTRAINT names_what_adopted_it
        FOREIGN KEY (adoption_id, notice_days) REFERENCES rulebook.adoption (adoption_id, notice_days),
    CONSTRAINT notice_has_run
        CHECK (valid_from - published_at >= make_interval(days => notice_days))
);

-- I18: what was adopted stays as it was, for its owner too.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook.adoption
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON rulebook.adoption
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook.rule
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON rulebook.rule
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

GRANT SELECT ON rulebook.adoption, rulebook.rule TO khan_app;

-- I19: the service cannot write rules. It can found a city, once, through this function, which
-- runs with its owner's rights; `one_charter` refuses the second time, whoever comes first.
CREATE FUNCTION rulebook.found_charter(
    p_adoption_id uuid, p_title text, p_document text, p_published_at timestamptz,
    p_valid_from timestamptz, p_rule_ids uuid[], p_kinds text[], p_bodies text[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
    VALUES (p_adoption_id, 'charter', p_title, p_document,
            encode(sha256(convert_to(p_document, 'UTF8')), 'hex'), 0);
    INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at,
                               adoption_id, notice_days)
    SELECT rule_id, kind, 1, body, encode(sha256(convert_to(body, 'UTF8')), 'hex'),
           p_valid_from, p_published_at, p_adoption_id, 0
    FROM unnest(p_rule_ids, p_kinds, p_bodies) AS founding (rule_id, kind, body);
END $$;
REVOKE EXECUTE ON FUNCTION rulebook.found_charter FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rulebook.found_charter TO khan_app;
