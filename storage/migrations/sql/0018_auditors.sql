-- The books laid open: as rows for an export and for auditors, whose every look stays on record.

-- The transfers from `starts` to before `ends` with their entries, a row for each entry; a void has one
-- row without. A decision is the one that the transfer carries out, or the one by which the tariff of
-- a charge was adopted. A pending transfer is open until another one posts or voids it.
CREATE FUNCTION ledger.written(starts timestamptz, ends timestamptz)
RETURNS TABLE (
    transfer_id uuid, kind text, state text, is_open boolean, subject_id uuid, trip_id uuid,
    ordinal smallint, currency text, made_at timestamptz, resolves uuid, reverses uuid,
    link_id uuid, decision_id uuid, tariff_rule_id uuid, reason text, made_by uuid, line integer,
    role text, owner_id uuid, amount_minor bigint, code text, share_of_minor bigint,
    share_bps integer)
LANGUAGE sql STABLE AS $$
    SELECT transfer.transfer_id, transfer.kind, transfer.state,
           transfer.state = 'pending' AND NOT EXISTS (
               SELECT FROM ledger.transfer AS ending WHERE ending.resolves = transfer.transfer_id),
           transfer.subject_id, transfer.trip_id, transfer.ordinal, transfer.currency,
           transfer.made_at, transfer.resolves, transfer.reverses, transfer.link_id,
           coalesce(transfer.adoption_id, rule.adoption_id), charge.tariff_rule_id,
           transfer.reason, transfer.made_by, entry.line, account.role, account.owner_id,
           entry.amount_minor, entry.code, entry.share_of_minor, entry.share_bps
    FROM ledger.transfer
    LEFT JOIN ledger.entry USING (transfer_id)
    LEFT JOIN ledger.account USING (account_id)
    LEFT JOIN ledger.charge ON charge.trip_id = transfer.trip_id AND charge.kind = transfer.kind
    LEFT JOIN rulebook.rule ON rule.rule_id = charge.tariff_rule_id
    WHERE transfer.made_at >= starts AND transfer.made_at < ends
    ORDER BY transfer.made_at, transfer.transfer_id, entry.line
$$;
REVOKE EXECUTE ON FUNCTION ledger.written FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.written TO khan_app;

-- What every account came to before `ends`; a debit is positive. `is_pending` is what is set aside on
-- it and has neither moved nor been let go. In an order that says nothing of who came when.
CREATE FUNCTION ledger.balances_at(ends timestamptz)
RETURNS TABLE (role text, owner_id uuid, currency text, is_pending boolean, amount_minor bigint)
LANGUAGE sql STABLE AS $$
    SELECT account.role, account.owner_id, account.currency, sums.is_pending, sums.amount_minor
    FROM (
        SELECT entry.account_id, transfer.state = 'pending' AS is_pending,
               CAST(sum(entry.amount_minor) AS bigint) AS amount_minor
        FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
        WHERE entry.made_at < ends
          AND (transfer.state = 'posted' OR transfer.state = 'pending' AND NOT EXISTS (
              SELECT FROM ledger.transfer AS ending WHERE ending.resolves = transfer.transfer_id))
        GROUP BY entry.account_id, transfer.state
    ) AS sums
    JOIN ledger.account USING (account_id)
    ORDER BY account.role, account.account_id, sums.is_pending
$$;
REVOKE EXECUTE ON FUNCTION ledger.balances_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.balances_at TO khan_app;

-- Every look of an auditor, written in the transaction that looks; members read it.
CREATE TABLE ledger.audit_look (
    look_id uuid PRIMARY KEY,
    auditor_id uuid NOT NULL REFERENCES registry.person,
    what text NOT NULL CHECK (what IN ('accounts', 'transfers', 'export')),
    starts_at timestamptz,
    ends_at timestamptz NOT NULL,
    form text CHECK (form IN ('beancount', 'hledger', 'csv', 'parquet')),
    at timestamptz NOT NULL,
    CONSTRAINT a_look_has_a_span CHECK (starts_at < ends_at),
    CONSTRAINT an_export_has_a_form CHECK ((form IS NOT NULL) = (what = 'export'))
);
CREATE INDEX audit_look_at ON ledger.audit_look (at);
GRANT SELECT, INSERT ON ledger.audit_look TO khan_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.audit_look
    FOR EACH ROW EXECUTE FUNCTION storage.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.audit_look
    FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change();

-- A look is an auditor's: of a person who is one at that moment, and at no other time than now.
CREATE FUNCTION ledger.check_audit_look() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM registry.role_grant
    WHERE person_id = NEW.auditor_id AND role = 'auditor' AND ended_at IS NULL
      AND valid_from <= NEW.at AND coalesce(valid_to > NEW.at, true);
    IF NOT FOUND THEN
        PERFORM ledger.refuse('an_auditor_looks', 'only whoever is an auditor now looks as one');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER an_auditor_looks BEFORE INSERT ON ledger.audit_look
    FOR EACH ROW EXECUTE FUNCTION ledger.check_audit_look();
