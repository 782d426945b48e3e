-- The commons: pacts, the community fund, matched offers, suppliers and purchases. Every row is a
-- fact; nothing is changed or deleted. Terms are canonical JSON text, so that their digest can be
-- checked here, and name the adoption that voted them.

CREATE SCHEMA commons;
GRANT USAGE ON SCHEMA commons TO khan_app;

CREATE FUNCTION commons.refuse(rule text, sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', sentence USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

CREATE FUNCTION commons.is_digest(digest text, document text) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN digest = encode(sha256(convert_to(document, 'UTF8')), 'hex');

-- Who acts on one pact or offer waits for whoever acts on it now.
CREATE FUNCTION commons.one_at_a_time(of uuid) RETURNS void LANGUAGE sql VOLATILE
    RETURN pg_advisory_xact_lock(hashtextextended(CAST(of AS text), 12));

-- I31: what happened is announced in the same commit. The arguments are the fact's kind and the
-- columns that name it.
CREATE FUNCTION commons.check_announced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text := TG_ARGV[0];
    here jsonb := to_jsonb(NEW);
BEGIN
    FOR at IN 1 .. TG_NARGS - 1 LOOP
        wanted := wanted || ':' || (here ->> TG_ARGV[at]);
    END LOOP;
    PERFORM FROM storage.outbox WHERE topic = 'commons' AND key = wanted;
    IF NOT FOUND THEN
        PERFORM commons.refuse('i31_announced_in_the_same_commit', wanted || ' is not announced');
    END IF;
    RETURN NULL;
END $$;

-- Pacts -------------------------------------------------------------------------------------------

CREATE TABLE commons.proposal (
    proposal_id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 20000),
    proposer_id uuid NOT NULL REFERENCES registry.person,
    lodged_on date NOT NULL,
    answer_by date NOT NULL,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT the_board_has_a_last_day CHECK (answer_by > lodged_on),
    UNIQUE (proposal_id, lodged_on)
);

CREATE TABLE commons.answer (
    proposal_id uuid CONSTRAINT answered_once PRIMARY KEY,
    lodged_on date NOT NULL,
    accepted boolean NOT NULL,
    reasons text NOT NULL CONSTRAINT an_answer_gives_reasons CHECK (btrim(reasons) <> ''),
    answered_on date NOT NULL,
    answered_by uuid NOT NULL REFERENCES registry.person,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT answers_a_proposal
        FOREIGN KEY (proposal_id, lodged_on) REFERENCES commons.proposal (proposal_id, lodged_on),
    CONSTRAINT answered_after_it_was_lodged CHECK (answered_on >= lodged_on),
    UNIQUE (proposal_id, accepted)
);

-- The community fund, whose projects become pacts, too.
CREATE TABLE commons.budget (
    budget_id uuid PRIMARY KEY,
    adoption_id uuid NOT NULL CONSTRAINT names_what_adopted_it REFERENCES rulebook.adoption,
    terms text NOT NULL,
    digest text NOT NULL CONSTRAINT terms_are_what_was_hashed CHECK (commons.is_digest(digest, terms)),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    pot_minor bigint NOT NULL,
    cost_min_minor bigint NOT NULL,
    cost_max_minor bigint NOT NULL,
    lodge_by date NOT NULL,
    vote_by date NOT NULL,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT costs_fit_the_pot
        CHECK (0 < cost_min_minor AND cost_min_minor <= cost_max_minor AND cost_max_minor <= pot_minor),
    CONSTRAINT the_vote_comes_after_the_projects CHECK (vote_by > lodge_by)
);

CREATE TABLE commons.project (
    budget_id uuid NOT NULL REFERENCES commons.budget,
    project_id text NOT NULL CHECK (project_id ~ '^[a-z0-9-]{1,40}$'),
    proposer_id uuid NOT NULL REFERENCES registry.person,
    cost_minor bigint NOT NULL,
    terms text NOT NULL,
    digest text NOT NULL CONSTRAINT terms_are_what_was_hashed CHECK (commons.is_digest(digest, terms)),
    lodged_on date NOT NULL,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (budget_id, project_id),
    UNIQUE (budget_id, project_id, proposer_id),
    UNIQUE (budget_id, project_id, cost_minor, digest)
);

CREATE TABLE commons.project_support (
    budget_id uuid NOT NULL,
    project_id text NOT NULL,
    proposer_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES registry.person,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT supported_once_a_person PRIMARY KEY (budget_id, project_id, person_id),
    FOREIGN KEY (budget_id, project_id, proposer_id)
        REFERENCES commons.project (budget_id, project_id, proposer_id),
    CONSTRAINT nobody_supports_their_own CHECK (person_id <> proposer_id)
);

-- The document holds the ballots as counted, without names, and every round of the count.
CREATE TABLE commons.budget_result (
    budget_id uuid CONSTRAINT divided_once PRIMARY KEY REFERENCES commons.budget,
    document text NOT NULL,
    digest text NOT NULL
        CONSTRAINT document_is_what_was_hashed CHECK (commons.is_digest(digest, document)),
    ballots integer NOT NULL CHECK (ballots >= 0),
    roll integer NOT NULL,
    spent_minor bigint NOT NULL CHECK (spent_minor >= 0),
    funded smallint NOT NULL CHECK (funded >= 0),
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT no_more_ballots_than_members CHECK (ballots <= roll)
);

CREATE TABLE commons.funded (
    budget_id uuid NOT NULL REFERENCES commons.budget_result,
    project_id text NOT NULL,
    cost_minor bigint NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (budget_id, project_id),
    CONSTRAINT funded_at_its_cost FOREIGN KEY (budget_id, project_id, cost_minor, digest)
        REFERENCES commons.project (budget_id, project_id, cost_minor, digest),
    UNIQUE (budget_id, project_id, digest)
);

CREATE TABLE commons.pact (
    pact_id uuid PRIMARY KEY,
    proposal_id uuid CONSTRAINT one_pact_a_proposal UNIQUE,
    accepted boolean GENERATED ALWAYS AS (CASE WHEN proposal_id IS NOT NULL THEN true END) STORED,
    budget_id uuid,
    project_id text,
    terms text NOT NULL,
    digest text NOT NULL CONSTRAINT terms_are_what_was_hashed CHECK (commons.is_digest(digest, terms)),
    duties smallint NOT NULL GENERATED ALWAYS AS (
        CAST(jsonb_array_length(CAST(terms AS jsonb) -> 'duties') AS smallint)) STORED,
    starts_on date NOT NULL,
    review_on date NOT NULL,
    ends_on date NOT NULL,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT somebody_has_a_duty CHECK (duties >= 1),
    CONSTRAINT reviewed_between_start_and_end CHECK (starts_on < review_on AND review_on <= ends_on),
    CONSTRAINT from_a_proposal_or_a_project CHECK (
        num_nonnulls(proposal_id, project_id) = 1 AND (project_id IS NULL) = (budget_id IS NULL)),
    CONSTRAINT only_what_was_accepted_becomes_a_pact
        FOREIGN KEY (proposal_id, accepted) REFERENCES commons.answer (proposal_id, accepted),
    CONSTRAINT only_what_was_funded_becomes_a_pact
        FOREIGN KEY (budget_id, project_id, digest)
        REFERENCES commons.funded (budget_id, project_id, digest),
    CONSTRAINT one_pact_a_project UNIQUE (budget_id, project_id),
    UNIQUE (pact_id, duties)
);

CREATE TABLE commons.duty_done (
    pact_id uuid NOT NULL,
    duties smallint NOT NULL,
    number smallint NOT NULL,
    done_on date NOT NULL,
    reported_by uuid NOT NULL REFERENCES registry.person,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT a_duty_is_done_once PRIMARY KEY (pact_id, number),
    FOREIGN KEY (pact_id, duties) REFERENCES commons.pact (pact_id, duties),
    CONSTRAINT a_duty_of_its_pact CHECK (number BETWEEN 1 AND duties)
);

CREATE TABLE commons.pact_review (
    pact_id uuid NOT NULL REFERENCES commons.pact,
    ordinal smallint NOT NULL CHECK (ordinal >= 1),
    outcome text NOT NULL CHECK (outcome IN ('continued', 'kept', 'ended')),
    findings text NOT NULL CONSTRAINT a_review_says_what_was_found CHECK (btrim(findings) <> ''),
    reviewed_on date NOT NULL,
    next_review_on date,
    ends_on date,
    reviewed_by uuid NOT NULL REFERENCES registry.person,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (pact_id, ordinal),
    CONSTRAINT only_what_goes_on_has_next_days CHECK (
        num_nonnulls(next_review_on, ends_on) = CASE outcome WHEN 'continued' THEN 2 ELSE 0 END
        AND (outcome <> 'continued' OR (reviewed_on < next_review_on AND next_review_on <= ends_on)))
);

CREATE FUNCTION commons.check_pact_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.one_at_a_time(NEW.pact_id);
    PERFORM FROM commons.pact_review WHERE pact_id = NEW.pact_id AND outcome <> 'continued';
    IF FOUND THEN
        PERFORM commons.refuse('what_is_over_stays_over', format('pact %s is over', NEW.pact_id));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER what_is_over_stays_over BEFORE INSERT ON commons.duty_done
    FOR EACH ROW EXECUTE FUNCTION commons.check_pact_is_open();
CREATE TRIGGER what_is_over_stays_over BEFORE INSERT ON commons.pact_review
    FOR EACH ROW EXECUTE FUNCTION commons.check_pact_is_open();

CREATE FUNCTION commons.check_review() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before integer;
    open_duties integer;
BEGIN
    SELECT count(*) INTO before FROM commons.pact_review WHERE pact_id = NEW.pact_id;
    IF NEW.ordinal <> before + 1 THEN
        PERFORM commons.refuse('reviews_have_no_gap', format('review %s is next', before + 1));
    END IF;
    SELECT duties - (SELECT count(*) FROM commons.duty_done WHERE pact_id = NEW.pact_id)
    INTO open_duties FROM commons.pact WHERE pact_id = NEW.pact_id;
    IF NEW.outcome = 'kept' AND open_duties > 0 THEN
        PERFORM commons.refuse('kept_when_all_is_done', format('%s duties are open', open_duties));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER with_all_done BEFORE INSERT ON commons.pact_review
    FOR EACH ROW EXECUTE FUNCTION commons.check_review();

-- A project within the terms of its budget, before the vote is divided.
CREATE FUNCTION commons.check_project() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    budget commons.budget;
BEGIN
    PERFORM commons.one_at_a_time(NEW.budget_id);
    SELECT * INTO budget FROM commons.budget WHERE budget_id = NEW.budget_id;
    IF NEW.cost_minor NOT BETWEEN budget.cost_min_minor AND budget.cost_max_minor THEN
        PERFORM commons.refuse('a_cost_within_the_terms', format('%s costs too much or too little',
            NEW.project_id));
    END IF;
    IF NEW.lodged_on > budget.lodge_by
       OR EXISTS (SELECT FROM commons.budget_result WHERE budget_id = NEW.budget_id) THEN
        PERFORM commons.refuse('lodged_in_time', format('%s comes too late', NEW.project_id));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER within_the_terms BEFORE INSERT ON commons.project
    FOR EACH ROW EXECUTE FUNCTION commons.check_project();

-- Where members vote on a fund, it is divided by their vote and by nothing else.
CREATE FUNCTION commons.is_voted_on(fund uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM governance.notice JOIN governance.motion USING (motion_id)
        WHERE CAST(asks AS jsonb) ->> 'budget_id' = CAST(fund AS text)
          AND governance.state_of(motion_id) NOT IN ('certified', 'lost', 'withdrawn'))
$$;
CREATE FUNCTION commons.check_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.one_at_a_time(NEW.budget_id);
    IF commons.is_voted_on(NEW.budget_id) THEN
        PERFORM commons.refuse('divided_by_its_vote', 'members vote on this fund');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER divided_by_its_vote BEFORE INSERT ON commons.budget_result
    FOR EACH ROW EXECUTE FUNCTION commons.check_result();

-- At the commit: what is funded is whole, is within the pot, and each has its pact.
CREATE FUNCTION commons.check_division() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    SELECT result.spent_minor, result.funded, budget.pot_minor,
           coalesce(sum(funded.cost_minor), 0) AS costs, count(funded.project_id) AS projects,
           count(pact.pact_id) AS pacts
    INTO found
    FROM commons.budget_result AS result JOIN commons.budget USING (budget_id)
    LEFT JOIN commons.funded USING (budget_id)
    LEFT JOIN commons.pact USING (budget_id, project_id)
    WHERE result.budget_id = NEW.budget_id
    GROUP BY result.budget_id, budget.pot_minor;
    IF found.costs > found.pot_minor THEN
        PERFORM commons.refuse('never_beyond_the_pot', format('%s of %s', found.costs, found.pot_minor));
    END IF;
    IF found.costs <> found.spent_minor OR found.projects <> found.funded THEN
        PERFORM commons.refuse('funded_all_at_once', 'what is funded comes with the result, whole');
    END IF;
    IF found.pacts <> found.projects THEN
        PERFORM commons.refuse('what_is_funded_becomes_a_pact', 'a funded project has a pact');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_division_is_whole AFTER INSERT ON commons.budget_result
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commons.check_division();
CREATE CONSTRAINT TRIGGER a_division_is_whole AFTER INSERT ON commons.funded
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commons.check_division();

-- Matched offers ----------------------------------------------------------------------------------

CREATE TABLE commons.offer (
    offer_id uuid PRIMARY KEY,
    adoption_id uuid NOT NULL CONSTRAINT names_what_adopted_it REFERENCES rulebook.adoption,
    terms text NOT NULL,
    digest text NOT NULL CONSTRAINT terms_are_what_was_hashed CHECK (commons.is_digest(digest, terms)),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    target_minor bigint NOT NULL CHECK (target_minor > 0),
    threshold_minor bigint NOT NULL CHECK (threshold_minor BETWEEN 1 AND target_minor),
    cap_minor bigint NOT NULL CHECK (cap_minor >= 0),
    pledge_min_minor bigint NOT NULL CHECK (pledge_min_minor > 0),
    person_max_minor bigint NOT NULL CHECK (person_max_minor >= pledge_min_minor),
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT opens_before_it_closes CHECK (opens_at < closes_at)
);

-- Who gets something from an offer, or decides for whoever does: their pledges draw no city money.
CREATE TABLE commons.offer_beneficiary (
    offer_id uuid NOT NULL REFERENCES commons.offer,
    person_id uuid NOT NULL REFERENCES registry.person,
    why text NOT NULL CHECK (btrim(why) <> ''),
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (offer_id, person_id)
);

CREATE TABLE commons.pledge (
    pledge_id uuid PRIMARY KEY,
    offer_id uuid NOT NULL REFERENCES commons.offer,
    person_id uuid NOT NULL REFERENCES registry.person,
    amount_minor bigint NOT NULL,
    resident boolean NOT NULL,
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    UNIQUE (pledge_id, offer_id, amount_minor)
);
CREATE INDEX pledge_offer ON commons.pledge (offer_id, person_id);

CREATE TABLE commons.pledge_withdrawal (
    pledge_id uuid CONSTRAINT withdrawn_once PRIMARY KEY REFERENCES commons.pledge,
    withdrawn_at timestamptz NOT NULL DEFAULT public.service_now()
);

CREATE VIEW commons.standing_pledge AS
    SELECT pledge.* FROM commons.pledge
    WHERE NOT EXISTS (
        SELECT FROM commons.pledge_withdrawal AS gone WHERE gone.pledge_id = pledge.pledge_id);

CREATE TABLE commons.settlement (
    offer_id uuid CONSTRAINT settled_once PRIMARY KEY REFERENCES commons.offer,
    outcome text NOT NULL CHECK (outcome IN ('posted', 'voided')),
    pledged_minor bigint NOT NULL CHECK (pledged_minor >= 0),
    eligible_minor bigint NOT NULL CHECK (eligible_minor BETWEEN 0 AND pledged_minor),
    match_minor bigint NOT NULL CHECK (match_minor >= 0),
    city_votes smallint NOT NULL DEFAULT 0,
    document text NOT NULL,
    digest text NOT NULL
        CONSTRAINT document_is_what_was_hashed CHECK (commons.is_digest(digest, document)),
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT nothing_of_what_is_voided CHECK (outcome = 'posted' OR match_minor = 0),
    -- City money never buys votes.
    CONSTRAINT city_money_buys_no_votes CHECK (city_votes = 0)
);

CREATE TABLE commons.settlement_line (
    offer_id uuid NOT NULL REFERENCES commons.settlement,
    pledge_id uuid CONSTRAINT a_pledge_is_settled_once PRIMARY KEY,
    amount_minor bigint NOT NULL,
    eligible_minor bigint NOT NULL CHECK (eligible_minor BETWEEN 0 AND amount_minor),
    match_minor bigint NOT NULL CHECK (match_minor >= 0),
    CONSTRAINT settled_as_pledged FOREIGN KEY (pledge_id, offer_id, amount_minor)
        REFERENCES commons.pledge (pledge_id, offer_id, amount_minor),
    CONSTRAINT no_match_without_an_eligible_pledge CHECK (eligible_minor > 0 OR match_minor = 0)
);
CREATE INDEX settlement_line_offer ON commons.settlement_line (offer_id);

CREATE FUNCTION commons.refuse_unless_open(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.one_at_a_time(wanted);
    PERFORM FROM commons.offer WHERE offer_id = wanted
        AND opens_at <= public.service_now() AND public.service_now() < closes_at;
    IF NOT FOUND THEN
        PERFORM commons.refuse('within_the_window', format('offer %s is not open', wanted));
    END IF;
END $$;

CREATE FUNCTION commons.check_pledge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    offer commons.offer;
    together bigint;
BEGIN
    PERFORM commons.refuse_unless_open(NEW.offer_id);
    NEW.made_at := public.service_now();
    SELECT * INTO offer FROM commons.offer WHERE offer_id = NEW.offer_id;
    SELECT coalesce(sum(amount_minor), 0) + NEW.amount_minor INTO together
    FROM commons.standing_pledge WHERE offer_id = NEW.offer_id AND person_id = NEW.person_id;
    IF NEW.amount_minor < offer.pledge_min_minor OR together > offer.person_max_minor THEN
        PERFORM commons.refuse('a_pledge_within_bounds', format('%s pledged by one person', together));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_pledge_in_time_and_bounds BEFORE INSERT ON commons.pledge
    FOR EACH ROW EXECUTE FUNCTION commons.check_pledge();

CREATE FUNCTION commons.check_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.refuse_unless_open(
        (SELECT offer_id FROM commons.pledge WHERE pledge_id = NEW.pledge_id));
    NEW.withdrawn_at := public.service_now();
    RETURN NEW;
END $$;
CREATE TRIGGER withdrawn_in_time BEFORE INSERT ON commons.pledge_withdrawal
    FOR EACH ROW EXECUTE FUNCTION commons.check_withdrawal();

CREATE FUNCTION commons.check_beneficiary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.one_at_a_time(NEW.offer_id);
    PERFORM FROM commons.settlement WHERE offer_id = NEW.offer_id;
    IF FOUND THEN
        PERFORM commons.refuse('named_before_it_is_settled', 'the offer is settled');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER named_before_it_is_settled BEFORE INSERT ON commons.offer_beneficiary
    FOR EACH ROW EXECUTE FUNCTION commons.check_beneficiary();

-- At the commit, worked out anew from the pledges: all that stand have a line, and only those;
-- strangers and beneficiaries draw nothing; the match keeps to cap, target and threshold.
CREATE FUNCTION commons.check_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    offer commons.offer;
    settled commons.settlement;
    lines record;
    standing record;
BEGIN
    PERFORM commons.one_at_a_time(NEW.offer_id);
    SELECT * INTO offer FROM commons.offer WHERE offer_id = NEW.offer_id;
    SELECT * INTO settled FROM commons.settlement WHERE offer_id = NEW.offer_id;
    IF settled.made_at < offer.closes_at OR public.service_now() < offer.closes_at THEN
        PERFORM commons.refuse('settled_after_it_closed', 'the offer is still open');
    END IF;
    SELECT count(*) AS pledges, coalesce(sum(amount_minor), 0) AS pledged INTO standing
    FROM commons.standing_pledge WHERE offer_id = NEW.offer_id;
    SELECT count(*) AS pledges, coalesce(sum(line.amount_minor), 0) AS pledged,
           coalesce(sum(line.eligible_minor), 0) AS eligible,
           coalesce(sum(line.match_minor), 0) AS match,
           count(*) FILTER (WHERE line.eligible_minor > 0 AND (NOT pledge.resident OR EXISTS (
               SELECT FROM commons.offer_beneficiary AS self
               WHERE self.offer_id = pledge.offer_id AND self.person_id = pledge.person_id)))
               AS strangers,
           count(*) FILTER (WHERE EXISTS (SELECT FROM commons.pledge_withdrawal AS gone
               WHERE gone.pledge_id = line.pledge_id)) AS withdrawn
    INTO lines
    FROM commons.settlement_line AS line JOIN commons.pledge USING (pledge_id)
    WHERE line.offer_id = NEW.offer_id;
    IF lines.strangers > 0 THEN
        PERFORM commons.refuse('only_eligible_pledges_are_matched', 'a pledge is not eligible');
    END IF;
    IF lines.withdrawn > 0 OR (lines.pledges, lines.pledged) <> (standing.pledges, standing.pledged)
       OR (lines.pledged, lines.eligible, lines.match)
          <> (settled.pledged_minor, settled.eligible_minor, settled.match_minor) THEN
        PERFORM commons.refuse('all_of_it_or_nothing', 'the lines are not the pledges that stand');
    END IF;
    IF settled.match_minor > offer.cap_minor
       OR settled.match_minor > greatest(0, offer.target_minor - settled.pledged_minor) THEN
        PERFORM commons.refuse('never_beyond_cap_and_target', 'the match is too much');
    END IF;
    IF settled.outcome = 'posted' AND (settled.eligible_minor < offer.threshold_minor
       OR settled.pledged_minor + settled.match_minor < offer.target_minor) THEN
        PERFORM commons.refuse('posted_when_it_is_reached', 'threshold or target are not reached');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_settlement_is_whole AFTER INSERT ON commons.settlement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commons.check_settlement();

-- Judged once for all lines, however many: since every pledge that stands has its line by then, and one at
-- most, the only line that could come after it is of a pledge that does not stand.
CREATE FUNCTION commons.check_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM commons.pledge_withdrawal WHERE pledge_id = NEW.pledge_id;
    IF FOUND THEN
        PERFORM commons.refuse('all_of_it_or_nothing', 'the pledge was taken back');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER of_a_pledge_that_stands BEFORE INSERT ON commons.settlement_line
    FOR EACH ROW EXECUTE FUNCTION commons.check_line();

-- Suppliers and purchases -------------------------------------------------------------------------

CREATE TABLE commons.supplier (
    supplier_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    made_at timestamptz NOT NULL DEFAULT public.service_now()
);

-- What was shown, from a day until it has to be shown anew.
CREATE TABLE commons.supplier_tag (
    supplier_id uuid NOT NULL REFERENCES commons.supplier,
    tag text NOT NULL CHECK (tag IN ('local', 'regional', 'co_op', 'living_wage')),
    since date NOT NULL,
    until date NOT NULL,
    evidence text NOT NULL CONSTRAINT a_tag_has_its_evidence CHECK (btrim(evidence) <> ''),
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (supplier_id, tag, since),
    CONSTRAINT shown_anew_each_year CHECK (until > since AND until - since <= 366),
    CONSTRAINT a_tag_once_at_a_time
        EXCLUDE USING gist (supplier_id WITH =, tag WITH =, daterange(since, until) WITH &&),
    CONSTRAINT one_seat_at_a_time
        EXCLUDE USING gist (supplier_id WITH =, daterange(since, until) WITH &&)
        WHERE (tag IN ('local', 'regional'))
);

CREATE TABLE commons.purchase (
    purchase_id uuid PRIMARY KEY,
    adoption_id uuid NOT NULL CONSTRAINT names_what_adopted_it REFERENCES rulebook.adoption,
    terms text NOT NULL,
    digest text NOT NULL CONSTRAINT terms_are_what_was_hashed CHECK (commons.is_digest(digest, terms)),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    ceiling_minor bigint NOT NULL CHECK (ceiling_minor > 0),
    made_at timestamptz NOT NULL DEFAULT public.service_now()
);

CREATE TABLE commons.bid (
    purchase_id uuid NOT NULL REFERENCES commons.purchase,
    supplier_id uuid NOT NULL REFERENCES commons.supplier,
    price_minor bigint NOT NULL CHECK (price_minor > 0),
    quality_points smallint NOT NULL CHECK (quality_points BETWEEN 0 AND 100),
    carbon_grams bigint CHECK (carbon_grams >= 0),
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT a_supplier_bids_once PRIMARY KEY (purchase_id, supplier_id)
);

-- The document is the score table with its reasons; without a bid that may win there is no winner.
CREATE TABLE commons.award (
    purchase_id uuid CONSTRAINT awarded_once PRIMARY KEY REFERENCES commons.purchase,
    supplier_id uuid,
    bids smallint NOT NULL,
    document text NOT NULL,
    digest text NOT NULL
        CONSTRAINT document_is_what_was_hashed CHECK (commons.is_digest(digest, document)),
    made_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT whoever_wins_has_bid
        FOREIGN KEY (purchase_id, supplier_id) REFERENCES commons.bid (purchase_id, supplier_id)
);

CREATE FUNCTION commons.check_bid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.one_at_a_time(NEW.purchase_id);
    PERFORM FROM commons.award WHERE purchase_id = NEW.purchase_id;
    IF FOUND THEN
        PERFORM commons.refuse('no_bid_after_the_award', 'the purchase is awarded');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_bid_after_the_award BEFORE INSERT ON commons.bid
    FOR EACH ROW EXECUTE FUNCTION commons.check_bid();

CREATE FUNCTION commons.check_award() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.one_at_a_time(NEW.purchase_id);
    IF NEW.bids <> (SELECT count(*) FROM commons.bid WHERE purchase_id = NEW.purchase_id) THEN
        PERFORM commons.refuse('every_bid_is_in_the_table', 'a bid is missing in the table');
    END IF;
    PERFORM FROM commons.bid JOIN commons.purchase USING (purchase_id)
    WHERE bid.purchase_id = NEW.purchase_id AND bid.supplier_id = NEW.supplier_id
      AND bid.price_minor > purchase.ceiling_minor;
    IF FOUND THEN
        PERFORM commons.refuse('never_above_the_ceiling', 'the winner is too dear');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER awarded_by_the_table BEFORE INSERT ON commons.award
    FOR EACH ROW EXECUTE FUNCTION commons.check_award();

-- Payments to suppliers as they are counted: the money itself moves in the books. Below zero: back.
CREATE TABLE commons.spend (
    reference text CONSTRAINT counted_once PRIMARY KEY CHECK (length(reference) BETWEEN 1 AND 100),
    supplier_id uuid NOT NULL REFERENCES commons.supplier,
    paid_on date NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    made_at timestamptz NOT NULL DEFAULT public.service_now()
);
CREATE INDEX spend_day ON commons.spend (paid_on);

-- For all: append-only, whoever asks, the owner too; and told of in the commit of what happened ---

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'commons' LOOP
        EXECUTE format('GRANT SELECT, INSERT ON commons.%I TO khan_app', name);
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON commons.%I
                 FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON commons.%I
                 FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;
GRANT SELECT ON commons.standing_pledge TO khan_app;

DO $$
DECLARE
    told text[];
BEGIN
    FOREACH told SLICE 1 IN ARRAY ARRAY[
        ['proposal', '''proposal_lodged'', ''proposal_id'''],
        ['answer', '''proposal_answered'', ''proposal_id'''],
        ['pact', '''pact_agreed'', ''pact_id'''],
        ['duty_done', '''duty_done'', ''pact_id'', ''number'''],
        ['pact_review', '''pact_reviewed'', ''pact_id'', ''ordinal'''],
        ['budget', '''budget_opened'', ''budget_id'''],
        ['budget_result', '''budget_divided'', ''budget_id'''],
        ['offer', '''matched_offer_opened'', ''offer_id'''],
        ['settlement', '''matched_offer_settled'', ''offer_id'''],
        ['award', '''purchase_awarded'', ''purchase_id''']]
    LOOP
        EXECUTE format(
            'CREATE CONSTRAINT TRIGGER i31_announced_in_the_same_commit AFTER INSERT ON commons.%I
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                 EXECUTE FUNCTION commons.check_announced(%s)', told[1], told[2]);
    END LOOP;
END $$;
