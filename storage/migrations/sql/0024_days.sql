-- What a day's digest covers, and what is never taken back.

-- How a digest is made: days that were sealed in the first form keep it, or nobody who kept one of their
-- digests could compare it any more.
ALTER TABLE ledger.sealed_day ADD COLUMN form smallint NOT NULL DEFAULT 1
    CONSTRAINT known_form CHECK (form IN (1, 2));
ALTER TABLE ledger.sealed_day ALTER COLUMN form SET DEFAULT 2;

-- A transfer in the second form: as in the first, and of which trip it is, what it came together with
-- and who made it.
CREATE FUNCTION ledger.transfer_line_2(of_transfer uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|', transfer_id, kind, subject_id, ordinal, currency,
               coalesce(CAST(resolves AS text), ''), coalesce(CAST(reverses AS text), ''),
               coalesce(CAST(adoption_id AS text), ''),
               coalesce(encode(sha256(convert_to(reason, 'UTF8')), 'hex'), ''),
               CAST(extract(epoch FROM made_at) * 1000000 AS bigint),
               coalesce(CAST(trip_id AS text), ''), coalesce(CAST(link_id AS text), ''),
               coalesce(CAST(made_by AS text), ''),
               coalesce((SELECT string_agg(concat_ws(':', account_id, amount_minor, code,
                       coalesce(CAST(share_of_minor AS text), ''),
                       coalesce(CAST(share_bps AS text), '')), ',' ORDER BY line)
                FROM ledger.entry WHERE entry.transfer_id = transfer.transfer_id), ''))
    FROM ledger.transfer WHERE transfer_id = of_transfer
$$;

-- The second form begins with its name, so that no day has the same digest in both.
DROP FUNCTION ledger.day_digest(timestamptz, timestamptz, text);
CREATE FUNCTION ledger.day_digest(
    starts timestamptz, ends timestamptz, previous text, form integer DEFAULT 2)
RETURNS TABLE (transfers integer, digest text) LANGUAGE sql STABLE AS $$
    SELECT CAST(count(transfer_id) AS integer),
           encode(sha256(convert_to(
               CASE form WHEN 2 THEN E'khan day 2\n' ELSE '' END
               || coalesce(previous, '') || E'\n' || starts_us || E'\n' || ends_us || E'\n'
               || coalesce(string_agg(encode(sha256(convert_to(
                      CASE form WHEN 2 THEN ledger.transfer_line_2(transfer_id)
                                ELSE ledger.transfer_line(transfer_id) END, 'UTF8')), 'hex'), E'\n'
                      ORDER BY transfer_id), ''), 'UTF8')), 'hex')
    FROM (SELECT CAST(extract(epoch FROM starts) * 1000000 AS bigint) AS starts_us,
                 CAST(extract(epoch FROM ends) * 1000000 AS bigint) AS ends_us) AS times
    LEFT JOIN ledger.transfer ON made_at >= starts AND made_at < ends
    GROUP BY starts_us, ends_us
$$;

-- As before, in the second form.
CREATE OR REPLACE FUNCTION ledger.seal_day(p_day date, p_starts_at timestamptz, p_ends_at timestamptz)
RETURNS ledger.sealed_day LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last ledger.sealed_day;
    sealed ledger.sealed_day;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.sealed_day'));
    SELECT * INTO last FROM ledger.sealed_day ORDER BY number DESC LIMIT 1;
    PERFORM FROM ledger.transfer WHERE made_at < p_starts_at AND last.number IS NULL LIMIT 1;
    IF FOUND THEN
        PERFORM ledger.refuse('days_follow_without_a_gap', 'the first day begins before every transfer');
    END IF;
    INSERT INTO ledger.sealed_day (number, day, starts_at, ends_at, transfers, previous_digest,
                                   previous_ends_at, digest, form)
    SELECT coalesce(last.number, 0) + 1, p_day, p_starts_at, p_ends_at, of_day.transfers, last.digest,
           last.ends_at, of_day.digest, 2
    FROM ledger.day_digest(p_starts_at, p_ends_at, last.digest, 2) AS of_day
    RETURNING * INTO sealed;
    RETURN sealed;
END $$;

-- Kinds that stand whatever happens (ledger/reversal.py says of each why, and what is done instead).
CREATE FUNCTION ledger.is_never_reversed(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    RETURN kind IN ('hold', 'void', 'payout', 'pledge', 'fare', 'cancellation_fee', 'no_show_fee',
                    'refund', 'reversal', 'closing', 'allocation', 'revolved', 'allocation_paid',
                    'payment', 'payment_refund', 'payout_sent', 'payout_returned', 'cash_collected',
                    'assigned', 'voucher_used', 'voucher_issued', 'voucher_lapsed',
                    'refund_passed_on');

-- What came together is taken back together: otherwise half of an act would stand.
CREATE FUNCTION ledger.check_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reversed ledger.transfer;
BEGIN
    SELECT * INTO reversed FROM ledger.transfer WHERE transfer_id = NEW.reverses;
    IF ledger.is_never_reversed(reversed.kind) THEN
        PERFORM ledger.refuse('never_reversed', format('a %s is never taken back', reversed.kind));
    END IF;
    IF reversed.link_id IS NOT NULL AND reversed.links IS DISTINCT FROM (
        SELECT count(*) FROM ledger.transfer AS taking
        JOIN ledger.transfer AS taken ON taken.transfer_id = taking.reverses
        WHERE taken.link_id = reversed.link_id AND taking.link_id = NEW.link_id) THEN
        PERFORM ledger.refuse('taken_back_together',
            format('what came together as %s is taken back together', reversed.link_id));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER never_reversed AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reverses IS NOT NULL)
    EXECUTE FUNCTION ledger.check_reversal();
