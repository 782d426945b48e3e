-- How the surplus of a closed period was divided: one document a period, and a line for each member's
-- part of each step. What moved is in the books; here it is checked, cent for cent, that the one is the
-- other. Nothing here is ever changed.

CREATE SCHEMA surplus;
GRANT USAGE ON SCHEMA surplus TO khan_app;

CREATE TABLE surplus.allocation (
    period_id uuid CONSTRAINT once_a_period PRIMARY KEY REFERENCES ledger.period,
    ends_at timestamptz NOT NULL UNIQUE,
    previous_ends_at timestamptz UNIQUE,
    adoption_id uuid NOT NULL CONSTRAINT carries_out_one_decision UNIQUE
        CONSTRAINT names_the_decision REFERENCES rulebook.adoption,
    rule_id uuid NOT NULL,
    rule_kind text NOT NULL DEFAULT 'allocation_policy' CHECK (rule_kind = 'allocation_policy'),
    currency text NOT NULL,
    result_minor bigint NOT NULL,
    -- Stays in the surplus account: what retires a deficit, or below zero what of a loss is carried.
    kept_minor bigint NOT NULL,
    deficit_before_minor bigint NOT NULL CHECK (deficit_before_minor >= 0),
    deficit_after_minor bigint NOT NULL GENERATED ALWAYS AS (deficit_before_minor - kept_minor) STORED
        CONSTRAINT no_more_is_kept_than_is_missing CHECK (deficit_after_minor >= 0),
    cash_minor bigint NOT NULL CHECK (cash_minor >= 0),
    retained_minor bigint NOT NULL CHECK (retained_minor >= 0),
    members integer NOT NULL CHECK (members >= 0),
    transfers smallint NOT NULL CHECK (transfers >= 0),
    revolves_at timestamptz NOT NULL CHECK (revolves_at > ends_at),
    document text NOT NULL,
    digest text NOT NULL CONSTRAINT document_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
    made_by uuid,
    made_at timestamptz NOT NULL,
    CONSTRAINT by_an_allocation_policy FOREIGN KEY (rule_id, rule_kind)
        REFERENCES rulebook.rule (rule_id, kind),
    -- The first period that is ever divided has none before it; from then on no period is left out, and
    -- each begins with the deficit that the one before it left.
    CONSTRAINT the_first_has_no_deficit CHECK (previous_ends_at IS NOT NULL OR deficit_before_minor = 0),
    CONSTRAINT a_link_of_the_line UNIQUE (ends_at, deficit_after_minor),
    CONSTRAINT follows_the_period_before FOREIGN KEY (previous_ends_at, deficit_before_minor)
        REFERENCES surplus.allocation (ends_at, deficit_after_minor),
    -- A loss is never charged to members.
    CONSTRAINT no_loss_touches_members CHECK (result_minor >= 0 OR cash_minor + retained_minor = 0),
    CONSTRAINT a_surplus_retires_and_a_loss_is_carried
        CHECK (CASE WHEN result_minor >= 0 THEN kept_minor BETWEEN 0 AND result_minor
                    ELSE kept_minor BETWEEN result_minor AND 0 END)
);
CREATE UNIQUE INDEX one_first_allocation ON surplus.allocation ((true)) WHERE previous_ends_at IS NULL;

-- What a member did and got. With the document it is all that a statement needs.
CREATE TABLE surplus.member_line (
    period_id uuid NOT NULL,  -- of an allocation: `lines_come_with_their_allocation`
    step text NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    person_id uuid NOT NULL,
    fares_minor bigint NOT NULL CHECK (fares_minor >= 0),
    seconds_on_shift bigint NOT NULL CHECK (seconds_on_shift >= 0),
    trips bigint NOT NULL CHECK (trips >= 0),
    capital_minor bigint NOT NULL CHECK (capital_minor >= 0),
    cash_minor bigint NOT NULL CHECK (cash_minor >= 0),
    retained_minor bigint NOT NULL CHECK (retained_minor >= 0),
    CONSTRAINT a_member_has_one_part_of_a_step PRIMARY KEY (period_id, step, number),
    CONSTRAINT a_number_is_one_member_s UNIQUE (period_id, person_id, step)
);

-- What the document's `lines_digest` is of.
CREATE FUNCTION surplus.lines_digest(of_period uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', step, number, person_id,
        fares_minor, seconds_on_shift, trips, capital_minor, cash_minor, retained_minor) || E'\n', ''
        ORDER BY step COLLATE "C", number), ''), 'UTF8')), 'hex')
    FROM surplus.member_line WHERE period_id = of_period
$$;

CREATE FUNCTION surplus.refuse(rule text, sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', sentence USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

-- What a closed period came to: its closing moved it into the surplus account.
CREATE FUNCTION surplus.result_of(p_period_id uuid, p_currency text) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CAST(-sum(entry.amount_minor) AS bigint)
    FROM ledger.transfer JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
    WHERE transfer.subject_id = p_period_id AND transfer.kind = 'closing'
      AND transfer.currency = p_currency AND account.role = 'surplus'
$$;

-- The decision: a certificate of a motion on this very period, that no finding has set aside and no
-- appeal keeps from being carried out. The policy: the one in force in the period's last moment.
CREATE FUNCTION surplus.check_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    period ledger.period;
BEGIN
    SELECT * INTO STRICT period FROM ledger.period WHERE period_id = NEW.period_id;
    PERFORM FROM governance.motion JOIN governance.certificate USING (motion_id)
    WHERE motion_id = NEW.adoption_id AND motion.period_id = NEW.period_id AND has_passed;
    IF NOT FOUND THEN
        PERFORM surplus.refuse('members_decided_on_this_period', 'no passed motion divides this surplus');
    END IF;
    IF EXISTS (SELECT FROM governance.result_correction WHERE motion_id = NEW.adoption_id)
       OR EXISTS (SELECT FROM governance.appeal WHERE motion_id = NEW.adoption_id AND stays
                  AND NOT EXISTS (SELECT FROM governance.appeal_finding AS found
                                  WHERE found.appeal_id = appeal.appeal_id)) THEN
        PERFORM surplus.refuse('the_decision_stands', 'the decision is set aside, or under appeal');
    END IF;
    PERFORM FROM rulebook.rule LEFT JOIN rulebook.rule AS next ON next.supersedes = rule.rule_id
    WHERE rule.rule_id = NEW.rule_id AND rule.valid_from < period.ends_at
      AND (next.valid_from IS NULL OR next.valid_from >= period.ends_at)
      AND CAST(rule.body AS jsonb) ->> 'currency' = NEW.currency;
    IF NOT FOUND THEN
        PERFORM surplus.refuse('the_policy_of_the_period_s_end', 'another policy was in force');
    END IF;
    IF NEW.ends_at <> period.ends_at
       OR (NEW.previous_ends_at IS NOT NULL AND NEW.previous_ends_at IS DISTINCT FROM period.previous_ends_at)
       OR NEW.result_minor IS DISTINCT FROM surplus.result_of(NEW.period_id, NEW.currency) THEN
        PERFORM surplus.refuse('the_result_of_the_period', 'the period came to something else');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER members_decided_on_this_period BEFORE INSERT ON surplus.allocation
    FOR EACH ROW EXECUTE FUNCTION surplus.check_decision();

-- What is divided sums to the surplus, and the books, the lines and the document say the same of
-- each member and each fund. At the commit, when all of it is there.
CREATE FUNCTION surplus.check_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found record;
    document jsonb := CAST(NEW.document AS jsonb);
BEGIN
    WITH posted AS MATERIALIZED (
        SELECT account.role, account.owner_id, -sum(entry.amount_minor) AS minor
        FROM ledger.transfer JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
        WHERE transfer.subject_id = NEW.period_id AND transfer.kind = 'allocation'
        GROUP BY account.role, account.owner_id
    ), said AS MATERIALIZED (
        SELECT person_id AS owner_id, 'allocation' AS role, sum(cash_minor) AS minor FROM surplus.member_line
        WHERE period_id = NEW.period_id GROUP BY person_id HAVING sum(cash_minor) <> 0
        UNION ALL
        SELECT person_id, 'capital', sum(retained_minor) FROM surplus.member_line
        WHERE period_id = NEW.period_id GROUP BY person_id HAVING sum(retained_minor) <> 0
        UNION ALL
        SELECT CAST(fund ->> 'fund_id' AS uuid), 'reserve', CAST(fund ->> 'minor' AS bigint)
        FROM jsonb_array_elements(document -> 'funds') AS fund WHERE CAST(fund ->> 'minor' AS bigint) <> 0
    )
    SELECT coalesce(sum(minor) FILTER (WHERE role = 'surplus'), 0) AS surplus,
           coalesce(sum(minor) FILTER (WHERE role = 'allocation'), 0) AS cash,
           coalesce(sum(minor) FILTER (WHERE role = 'capital'), 0) AS retained,
           EXISTS (SELECT FROM said FULL JOIN (SELECT * FROM posted WHERE role <> 'surplus') AS moved
                       ON moved.owner_id = said.owner_id AND moved.role = said.role
                   WHERE said.minor IS DISTINCT FROM moved.minor) AS differs
    INTO found FROM posted;
    IF found.surplus + NEW.result_minor <> NEW.kept_minor
       OR (found.cash, found.retained) <> (NEW.cash_minor, NEW.retained_minor)
       OR NEW.transfers <> (SELECT count(*) FROM ledger.transfer
                            WHERE subject_id = NEW.period_id AND kind = 'allocation') THEN
        PERFORM surplus.refuse('sums_to_the_surplus', format(
            'of %s the books divide %s and %s is kept', NEW.result_minor, -found.surplus, NEW.kept_minor));
    END IF;
    IF found.differs THEN
        PERFORM surplus.refuse('the_books_say_what_the_lines_say',
            'somebody is told another sum than the books credit');
    END IF;
    IF document ->> 'lines_digest' IS DISTINCT FROM surplus.lines_digest(NEW.period_id)
       OR document ->> 'motion' IS DISTINCT FROM CAST(NEW.adoption_id AS text)
       OR document ->> 'result_minor' IS DISTINCT FROM CAST(NEW.result_minor AS text)
       OR document ->> 'certificate' IS DISTINCT FROM (
           SELECT digest FROM rulebook.adoption WHERE adoption_id = NEW.adoption_id)
       OR NEW.members <> (SELECT count(DISTINCT person_id) FROM surplus.member_line
                          WHERE period_id = NEW.period_id) THEN
        PERFORM surplus.refuse('the_document_is_of_its_lines', 'the document is of another allocation');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sums_to_the_surplus AFTER INSERT ON surplus.allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION surplus.check_whole();

-- A line comes with its allocation, in the same transaction.
CREATE FUNCTION surplus.check_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM (SELECT DISTINCT period_id FROM fresh) AS of_period
    LEFT JOIN surplus.allocation USING (period_id)
    WHERE allocation.xmin IS DISTINCT FROM pg_current_xact_id()::xid;
    IF FOUND THEN
        PERFORM surplus.refuse('lines_come_with_their_allocation', 'this surplus was divided before');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lines_come_with_their_allocation AFTER INSERT ON surplus.member_line
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION surplus.check_line();

-- Nothing is taken out of the surplus account, and no retained part falls due, but by an allocation.
CREATE FUNCTION surplus.check_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    divided surplus.allocation;
BEGIN
    SELECT * INTO divided FROM surplus.allocation WHERE period_id = NEW.subject_id;
    IF divided.adoption_id IS DISTINCT FROM NEW.adoption_id OR divided.currency IS DISTINCT FROM NEW.currency THEN
        PERFORM surplus.refuse('moved_by_an_allocation', 'no allocation of this period moves that');
    END IF;
    IF NEW.kind = 'allocation' AND divided.xmin <> pg_current_xact_id()::xid THEN
        PERFORM surplus.refuse('moved_by_an_allocation', 'this surplus was divided before');
    END IF;
    IF NEW.kind = 'revolved' THEN
        PERFORM surplus.check_revolved(NEW, divided);
    END IF;
    RETURN NULL;
END $$;

-- What falls due is what was retained, of each member, and on its day.
CREATE FUNCTION surplus.check_revolved(made ledger.transfer, divided surplus.allocation) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF made.made_at < divided.revolves_at THEN
        PERFORM surplus.refuse('revolves_on_its_day', format('it falls due at %s', divided.revolves_at));
    END IF;
    PERFORM FROM (
        SELECT person_id, sum(retained_minor) AS minor FROM surplus.member_line
        WHERE period_id = divided.period_id GROUP BY person_id HAVING sum(retained_minor) <> 0
    ) AS said
    FULL JOIN (
        SELECT account.owner_id, sum(entry.amount_minor) FILTER (WHERE account.role = 'capital') AS taken,
               -sum(entry.amount_minor) FILTER (WHERE account.role = 'allocation') AS given
        FROM ledger.entry JOIN ledger.account USING (account_id)
        WHERE entry.transfer_id = made.transfer_id GROUP BY account.owner_id
    ) AS moved ON moved.owner_id = said.person_id
    WHERE (said.minor, said.minor) IS DISTINCT FROM (moved.taken, moved.given) LIMIT 1;
    IF FOUND THEN
        PERFORM surplus.refuse('revolves_what_was_retained', 'something else was retained');
    END IF;
END $$;
CREATE CONSTRAINT TRIGGER moved_by_an_allocation AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind IN ('allocation', 'revolved'))
    EXECUTE FUNCTION surplus.check_transfer();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['allocation', 'member_line'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON surplus.%I
            FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON surplus.%I
            FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format('GRANT SELECT, INSERT ON surplus.%I TO khan_app', name);
    END LOOP;
END $$;
