-- Pledges in the books. The books say of a pledge what the commons say, and nothing else.

-- Deferred, because a transfer is written before its entries, and a settlement before its transfers.
CREATE FUNCTION commons.check_booked() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made commons.pledge;
    outcome text;
    moved bigint;
    matched bigint;
BEGIN
    SELECT * INTO made FROM commons.pledge WHERE pledge_id = NEW.subject_id;
    IF NOT FOUND THEN
        IF NEW.kind = 'void' THEN  -- of a payout
            RETURN NULL;
        END IF;
        PERFORM commons.refuse('booked_of_a_pledge', format('there is no pledge %s', NEW.subject_id));
    END IF;
    SELECT settlement.outcome INTO outcome FROM commons.settlement WHERE offer_id = made.offer_id;
    SELECT match_minor INTO matched FROM commons.settlement_line WHERE pledge_id = made.pledge_id;
    SELECT sum(amount_minor) INTO moved FROM ledger.entry
    WHERE transfer_id = NEW.transfer_id
      AND account_id = ledger.account_id('offer', made.offer_id, NEW.currency);
    IF NEW.kind = 'pledge' AND (moved IS DISTINCT FROM -made.amount_minor OR NOT EXISTS (
        SELECT FROM ledger.entry WHERE transfer_id = NEW.transfer_id
          AND amount_minor = made.amount_minor
          AND account_id = ledger.account_id('supporter', made.person_id, NEW.currency))) THEN
        PERFORM commons.refuse('booked_as_pledged', 'it is not what this person pledged');
    END IF;
    IF NEW.kind IN ('pledge_taken', 'match') AND outcome IS DISTINCT FROM 'posted'
       OR NEW.kind = 'match' AND moved IS DISTINCT FROM -matched THEN
        PERFORM commons.refuse('taken_as_settled', 'the settlement says otherwise');
    END IF;
    IF NEW.kind = 'void' AND outcome IS DISTINCT FROM 'voided' AND NOT EXISTS (
        SELECT FROM commons.pledge_withdrawal AS gone WHERE gone.pledge_id = made.pledge_id) THEN
        PERFORM commons.refuse('let_go_as_settled', 'the pledge stands');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_pledge_is_booked_as_it_is AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('pledge', 'pledge_taken', 'match') OR NEW.kind = 'void' AND NEW.trip_id IS NULL)
    EXECUTE FUNCTION commons.check_booked();

-- With the settlement, in one commit, every pledge that is set aside in the books has its end there.
CREATE FUNCTION commons.check_settled_in_the_books() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM commons.pledge
    JOIN ledger.transfer AS aside ON aside.subject_id = pledge_id AND aside.kind = 'pledge'
    WHERE offer_id = NEW.offer_id AND NOT EXISTS (
        SELECT FROM ledger.transfer AS done WHERE done.resolves = aside.transfer_id);
    IF FOUND THEN
        PERFORM commons.refuse('all_or_nothing_in_the_books', 'a pledge is still set aside');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER settled_in_the_books_too AFTER INSERT ON commons.settlement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION commons.check_settled_in_the_books();
