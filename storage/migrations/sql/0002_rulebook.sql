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
    CONSTRAINT notice_is_the_adoptions_own UNIQUE (adoption_id, notice_days, kind, adopted_at)
);
-- I19: a city is founded once; from then on a rule needs a motion.
CREATE UNIQUE INDEX one_charter ON rulebook.adoption (kind) WHERE kind = 'charter';

-- A rule begins and has no end of its own: it holds until the next version of its kind begins, which
-- names it and begins later. So a version that follows changes no row, and at every instant the last
-- one to have begun is in force.
-- `body` is canonical JSON text (sorted keys, no spaces), so that the digest can be checked here.
CREATE TABLE rulebook.rule (
    rule_id uuid PRIMARY KEY,
    kind text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    body text NOT NULL CHECK (jsonb_typeof(CAST(body AS jsonb)) = 'object'),
    digest text NOT NULL,
    valid_from timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    supersedes uuid,
    superseded_from timestamptz,  -- from when the one before it holds
    superseded_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    adoption_id uuid NOT NULL,
    notice_days integer NOT NULL,
    adoption_kind text NOT NULL,
    adopted_at timestamptz NOT NULL,
    CONSTRAINT kind_is_known CHECK (kind IN (
        'tariff', 'pay_floor', 'levy', 'matching_policy', 'booking_policy', 'privacy_purposes',
        'allocation_policy', 'bylaws')),
    CONSTRAINT first_supersedes_nothing
        CHECK (num_nulls(supersedes, superseded_from) = CASE version WHEN 1 THEN 2 ELSE 0 END),
    CONSTRAINT versions_are_numbered_by_kind UNIQUE (kind, version),
    CONSTRAINT rule_and_its_kind UNIQUE (rule_id, kind),
    CONSTRAINT body_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
    -- I18: the versions of a kind are one line, each beginning after the one before it.
    CONSTRAINT a_place_in_the_line UNIQUE (rule_id, kind, version, valid_from),
    CONSTRAINT follows_the_version_before
        FOREIGN KEY (supersedes, kind, superseded_version, superseded_from)
        REFERENCES rulebook.rule (rule_id, kind, version, valid_from),
    CONSTRAINT rules_of_a_kind_never_overlap CHECK (valid_from > superseded_from),
    CONSTRAINT one_begins_at_a_time UNIQUE (kind, valid_from),
    -- I19: a rule names what adopted it, and begins only after that adoption's notice. A charter
    -- writes first versions; what is adopted later is published with its certificate, not before.
    CONSTRAINT names_what_adopted_it FOREIGN KEY (adoption_id, notice_days, adoption_kind, adopted_at)
        REFERENCES rulebook.adoption (adoption_id, notice_days, kind, adopted_at),
    CONSTRAINT a_charter_writes_first_versions CHECK (adoption_kind <> 'charter' OR version = 1),
    CONSTRAINT published_when_adopted
        CHECK (adoption_kind = 'charter' OR (published_at >= adopted_at AND valid_from > adopted_at)),
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
DECLARE
    v_adopted_at timestamptz;
BEGIN
    INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
    VALUES (p_adoption_id, 'charter', p_title, p_document,
            encode(sha256(convert_to(p_document, 'UTF8')), 'hex'), 0)
    RETURNING adopted_at INTO v_adopted_at;
    INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at,
                               adoption_id, notice_days, adoption_kind, adopted_at)
    SELECT rule_id, kind, 1, body, encode(sha256(convert_to(body, 'UTF8')), 'hex'),
           p_valid_from, p_published_at, p_adoption_id, 0, 'charter', v_adopted_at
    FROM unnest(p_rule_ids, p_kinds, p_bodies) AS founding (rule_id, kind, body);
END $$;
REVOKE EXECUTE ON FUNCTION rulebook.found_charter FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rulebook.found_charter TO khan_app;
