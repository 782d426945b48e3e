-- What surrounds votes: meetings and their record, proxies, conflicts of interest, outages that move
-- a close, appeals that are heard by lot, and what has fallen due. Every row is a fact; corrections
-- are additions.

-- ------------------------------------------------------------------- days, as bylaws count them

CREATE FUNCTION governance.bylaws_body(p_rule_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CAST(body AS jsonb) FROM rulebook.rule WHERE rule_id = p_rule_id AND kind = 'bylaws'
$$;
CREATE FUNCTION governance.day_of(p_bylaws jsonb, p_at timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CAST(p_at AT TIME ZONE (p_bylaws ->> 'timezone') AS date)
$$;
CREATE FUNCTION governance.day_counts(p_bylaws jsonb, p_day date) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_bylaws #>> '{days,notice_counts}' IS DISTINCT FROM 'working_days'
        OR NOT (coalesce(p_bylaws #> '{days,weekend}', '[]') ? to_char(p_day, 'FMday')
                OR coalesce(p_bylaws #> '{days,holidays}', '[]') ? to_char(p_day, 'YYYY-MM-DD'))
$$;
CREATE FUNCTION governance.clear_days(p_bylaws jsonb, p_sent timestamptz, p_held timestamptz)
RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CAST(count(*) AS integer)
    FROM generate_series(1, governance.day_of(p_bylaws, p_held) - governance.day_of(p_bylaws, p_sent) - 1) AS step
    WHERE governance.day_counts(p_bylaws, governance.day_of(p_bylaws, p_sent) + step)
$$;
-- The first instant of the day that comes after so many clear days.
CREATE FUNCTION governance.after_clear_days(p_bylaws jsonb, p_sent timestamptz, p_days integer)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    day date := governance.day_of(p_bylaws, p_sent);
    days_left integer := p_days;
BEGIN
    LOOP
        day := day + 1;
        EXIT WHEN days_left = 0;
        IF governance.day_counts(p_bylaws, day) THEN
            days_left := days_left - 1;
        END IF;
    END LOOP;
    RETURN CAST(day AS timestamp) AT TIME ZONE (p_bylaws ->> 'timezone');
END $$;
CREATE FUNCTION governance.bylaws_of_notice(p_motion_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT governance.bylaws_body(bylaws_rule_id) FROM governance.notice WHERE motion_id = p_motion_id
$$;

-- -------------------------------------------------------------------- a notice is what its bylaws say

-- A matter with what it takes from those that it extends; `governance.matter` reads it alike.
CREATE FUNCTION governance.matter_of(p_bylaws jsonb, p_code text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    whole jsonb := '{}';
    code text := p_code;
BEGIN
    FOR step IN 1 .. 100 LOOP
        whole := coalesce(p_bylaws #> ARRAY['matters', code], '{}') || whole;
        code := p_bylaws #>> ARRAY['matters', code, 'extends'];
        EXIT WHEN code IS NULL;
    END LOOP;
    IF whole ->> 'method' <> 'yes_no' THEN
        whole := (whole - 'pass_each') || coalesce(p_bylaws #> ARRAY['matters', p_code], '{}');
    END IF;
    RETURN whole;
END $$;
-- "3/4" or "0.75" as a part over a whole; exact.
CREATE FUNCTION governance.is_fraction(p_part numeric, p_whole numeric, p_said text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_whole <> 0
       AND p_part * CAST(coalesce(nullif(split_part(p_said, '/', 2), ''), '1') AS numeric)
           = p_whole * CAST(split_part(p_said, '/', 1) AS numeric)
$$;
CREATE FUNCTION governance.is_headcount(p_terms jsonb, p_said jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_terms ? which AND p_terms - which = '{}' AND jsonb_array_length(p_terms -> which) = jsonb_array_length(p_said -> which)
       AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(p_terms -> which) WITH ORDINALITY AS kept (pair, place)
        JOIN jsonb_array_elements(p_said -> which) WITH ORDINALITY AS said (term, place) USING (place)
        WHERE CASE jsonb_typeof(term) WHEN 'number' THEN pair <> jsonb_build_array(term, 0)
              ELSE NOT governance.is_fraction(
                  CAST(pair ->> 0 AS numeric), CAST(pair ->> 1 AS numeric), term #>> '{}') END)
    FROM jsonb_object_keys(p_said) AS which
$$;
CREATE FUNCTION governance.is_required_share(p_notice governance.notice, p_said text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_notice.is_more = (p_said LIKE '>%' AND p_said NOT LIKE '>=%') AND governance.is_fraction(
        p_notice.required_numerator, p_notice.required_denominator, ltrim(p_said, '>='))
$$;

-- Whoever may write a notice may not write another vote than the bylaws know: it is called now, by the
-- bylaws in force, by a matter that decides on such a rule and asks in that way, with its quorum, its
-- share, its secrecy and its days.
CREATE FUNCTION governance.check_notice_by_bylaws() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    called governance.motion;
    v_bylaws jsonb;
    matter jsonb;
    decided text;
    opens_on date;
BEGIN
    SELECT * INTO called FROM governance.motion WHERE motion_id = NEW.motion_id;
    SELECT CAST(body AS jsonb) INTO v_bylaws FROM rulebook.rule
    WHERE kind = 'bylaws' AND valid_from <= NEW.notice_at AND rule_id = NEW.bylaws_rule_id
      AND NOT EXISTS (SELECT FROM rulebook.rule AS later
                      WHERE later.supersedes = rule.rule_id AND later.valid_from <= NEW.notice_at);
    IF v_bylaws IS NULL OR NEW.notice_at > public.service_now()
       OR NEW.notice_at < public.service_now() - interval '1 hour' THEN
        PERFORM governance.refuse('judged_by_the_bylaws_in_force', 'these bylaws are not in force at this notice');
    END IF;
    matter := governance.matter_of(v_bylaws, called.matter);
    decided := coalesce(called.rule_kind, CASE WHEN called.period_id IS NOT NULL THEN 'allocation' END);
    IF decided IS NOT NULL
       AND NOT coalesce(v_bylaws #> ARRAY['decides', decided], '["special"]') ? called.matter THEN
        PERFORM governance.refuse('i19_decided_by_its_matter', 'this matter does not decide on such a rule');
    END IF;
    IF (NEW.method, NEW.tier, to_jsonb(NEW.pass_each), to_jsonb(NEW.rule_notice_days), NEW.is_of_all)
       IS DISTINCT FROM (
        coalesce(matter ->> 'method', 'yes_no'), coalesce(matter ->> 'ballot', 'detached'),
        coalesce(matter -> 'pass_each', '[]'), matter -> 'notice_days', matter -> 'pass' ? 'for_over_all')
       OR NEW.method IS DISTINCT FROM (CASE CAST(called.asks AS jsonb) ->> 'kind'
           WHEN 'text' THEN 'yes_no' WHEN 'number' THEN 'median' WHEN 'texts' THEN 'ranked'
           WHEN 'election' THEN 'scottish_stv' WHEN 'division' THEN 'equal_shares'
           WHEN 'allocation' THEN 'yes_no' END)
       OR governance.is_headcount(NEW.quorum_terms, coalesce(matter -> 'quorum', '{"max": [0]}')) IS NOT TRUE
       OR governance.is_required_share(NEW, coalesce(
           matter #>> '{pass,for_over_all}', matter #>> '{pass,for_over_cast}')) IS NOT TRUE THEN
        PERFORM governance.refuse('called_as_its_bylaws_say', 'the bylaws ask for another vote');
    END IF;
    opens_on := governance.day_of(v_bylaws, NEW.opens_at);
    IF governance.clear_days(v_bylaws, NEW.notice_at, NEW.opens_at) < greatest(
           CAST(matter ->> 'notice_days' AS integer),
           coalesce(CAST(matter ->> 'talk_days' AS integer), 0)
           + coalesce(CAST(matter ->> 'freeze_days' AS integer), 0))
       OR (NEW.freezes_at <> NEW.notice_at AND governance.day_of(v_bylaws, NEW.freezes_at)
           > opens_on - coalesce(CAST(matter ->> 'freeze_days' AS integer), 0))
       OR governance.day_of(v_bylaws, NEW.closes_at) - opens_on < CAST(matter ->> 'vote_days' AS integer) THEN
        PERFORM governance.refuse('called_in_time', 'the bylaws ask for more days');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER called_as_its_bylaws_say BEFORE INSERT ON governance.notice
    FOR EACH ROW EXECUTE FUNCTION governance.check_notice_by_bylaws();

-- How a number may move, and how ballots weigh, is the bylaws' to say as well.
CREATE FUNCTION governance.matter_of_notice(p_motion_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT governance.matter_of(governance.bylaws_of_notice(motion_id), matter)
    FROM governance.motion WHERE motion_id = p_motion_id
$$;
CREATE FUNCTION governance.check_number_by_bylaws() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    matter jsonb := governance.matter_of_notice(NEW.motion_id);
BEGIN
    IF NEW.step <> coalesce(CAST(matter ->> 'step' AS integer), 1)
       OR (NEW.change_numerator IS NOT NULL) <> (matter ? 'change_at_most')
       OR NOT coalesce(governance.is_fraction(
           NEW.change_numerator, NEW.change_denominator, matter ->> 'change_at_most'), true) THEN
        PERFORM governance.refuse('called_as_its_bylaws_say', 'the bylaws let a number move otherwise');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER called_as_its_bylaws_say BEFORE INSERT ON governance.number_terms
    FOR EACH ROW EXECUTE FUNCTION governance.check_number_by_bylaws();
CREATE FUNCTION governance.check_poll_by_bylaws() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    terms jsonb := CAST(NEW.question AS jsonb) #> '{rule,parameters}';
    phantoms text := coalesce(governance.matter_of_notice(NEW.motion_id) ->> 'phantoms', '0');
    noticed governance.notice;
BEGIN
    SELECT * INTO noticed FROM governance.notice WHERE motion_id = NEW.motion_id;
    IF (noticed.method IN ('yes_no', 'ranked')
        AND governance.is_required_share(noticed, terms ->> 'required') IS NOT TRUE)
       OR (noticed.method = 'median' AND governance.is_fraction(
           CAST(split_part(phantoms, '/', 1) AS numeric),
           CAST(coalesce(nullif(split_part(phantoms, '/', 2), ''), '1') AS numeric),
           terms ->> 'phantom_share') IS NOT TRUE) THEN
        PERFORM governance.refuse('called_as_its_bylaws_say', 'the bylaws weigh ballots otherwise');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER called_as_its_bylaws_say BEFORE INSERT ON governance.poll
    FOR EACH ROW EXECUTE FUNCTION governance.check_poll_by_bylaws();

-- ------------------------------------------------------------------------- conflicts of interest

CREATE TABLE governance.conflict (
    motion_id uuid NOT NULL REFERENCES governance.motion,
    member_id uuid NOT NULL REFERENCES governance.member,
    interest text NOT NULL CHECK (length(btrim(interest)) BETWEEN 1 AND 2000),
    declared_at timestamptz NOT NULL,
    PRIMARY KEY (motion_id, member_id)
);
-- Whether bylaws let those in conflict take part all the same: everybody's bonus is nobody's privilege.
CREATE FUNCTION governance.is_exempt(p_bylaws jsonb, p_subjects text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_bylaws #> '{conflict,except}', '[]') ?| p_subjects
$$;
CREATE FUNCTION governance.check_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_bylaws jsonb := governance.bylaws_of_notice(NEW.motion_id);
BEGIN
    PERFORM 1 FROM governance.conflict JOIN governance.motion USING (motion_id)
    WHERE motion_id = NEW.motion_id AND conflict.member_id = NEW.member_id
      AND NOT coalesce(CAST(v_bylaws #>> '{conflict,votes}' AS boolean), false)
      AND NOT governance.is_exempt(v_bylaws, array_remove(ARRAY[matter, rule_kind], NULL));
    IF FOUND THEN
        PERFORM governance.refuse('no_vote_in_conflict', 'the member declared a conflict of interest');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_vote_in_conflict BEFORE INSERT ON governance.open_ballot
    FOR EACH ROW EXECUTE FUNCTION governance.check_conflict();

-- -------------------------------------------------------------------------------------- meetings

CREATE TABLE governance.requisition (
    requisition_id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(btrim(title)) BETWEEN 1 AND 200),
    business text[] NOT NULL CONSTRAINT asks_for_business CHECK (cardinality(business) >= 1),
    asked_at timestamptz NOT NULL
);
CREATE TABLE governance.requisition_signature (
    requisition_id uuid NOT NULL REFERENCES governance.requisition,
    member_id uuid NOT NULL REFERENCES governance.member,
    at timestamptz NOT NULL,
    CONSTRAINT signed_once_a_member PRIMARY KEY (requisition_id, member_id)
);
-- A meeting at shorter notice that members are asked to agree to, each for themselves.
CREATE TABLE governance.short_notice (
    short_notice_id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(btrim(title)) BETWEEN 1 AND 200),
    place text NOT NULL CHECK (length(btrim(place)) BETWEEN 1 AND 500),
    business text[] NOT NULL CONSTRAINT agreed_for_its_business CHECK (cardinality(business) >= 1),
    held_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    CONSTRAINT asked_before_it_is_held CHECK (asked_at < held_at)
);
CREATE TABLE governance.short_notice_consent (
    short_notice_id uuid NOT NULL REFERENCES governance.short_notice,
    member_id uuid NOT NULL REFERENCES governance.member,
    at timestamptz NOT NULL,
    CONSTRAINT agreed_once_a_member PRIMARY KEY (short_notice_id, member_id)
);
CREATE TABLE governance.meeting (
    meeting_id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(btrim(title)) BETWEEN 1 AND 200),
    place text NOT NULL CHECK (length(btrim(place)) BETWEEN 1 AND 500),
    bylaws_rule_id uuid NOT NULL,
    bylaws_kind text NOT NULL DEFAULT 'bylaws' CHECK (bylaws_kind = 'bylaws'),
    notice_at timestamptz NOT NULL,
    held_at timestamptz NOT NULL,
    matter text NOT NULL,
    quorum_terms jsonb NOT NULL,
    members integer NOT NULL,
    requisition_id uuid CONSTRAINT called_once_for_a_requisition UNIQUE REFERENCES governance.requisition,
    resumes uuid CONSTRAINT resumed_once UNIQUE REFERENCES governance.meeting,
    short_notice_id uuid CONSTRAINT called_once_as_agreed UNIQUE REFERENCES governance.short_notice,
    CONSTRAINT judged_by_bylaws
        FOREIGN KEY (bylaws_rule_id, bylaws_kind) REFERENCES rulebook.rule (rule_id, kind),
    CONSTRAINT held_after_its_notice CHECK (held_at > notice_at)
);
CREATE TABLE governance.meeting_item (
    meeting_id uuid NOT NULL REFERENCES governance.meeting,
    number integer NOT NULL CHECK (number >= 1),
    title text NOT NULL CHECK (length(btrim(title)) BETWEEN 1 AND 200),
    subject text,
    motion_id uuid REFERENCES governance.motion,
    PRIMARY KEY (meeting_id, number)
);
-- Who agreed to a shorter notice: on paper, which the office has seen, or by themselves beforehand.
CREATE TABLE governance.meeting_consent (
    meeting_id uuid NOT NULL REFERENCES governance.meeting,
    member_id uuid NOT NULL REFERENCES governance.member,
    on_paper boolean NOT NULL,
    PRIMARY KEY (meeting_id, member_id)
);
CREATE TABLE governance.meeting_record (
    meeting_id uuid NOT NULL REFERENCES governance.meeting,
    number integer NOT NULL CHECK (number >= 1),
    kind text NOT NULL CHECK (kind IN ('arrived', 'left', 'opened', 'item_begun', 'conflict_declared',
        'said', 'decided', 'adjourned', 'closed')),
    at timestamptz NOT NULL,
    member_id uuid REFERENCES governance.member,
    item integer,
    text text NOT NULL CHECK (length(text) <= 20000),
    PRIMARY KEY (meeting_id, number),
    CONSTRAINT only_noticed_business
        FOREIGN KEY (meeting_id, item) REFERENCES governance.meeting_item (meeting_id, number),
    CONSTRAINT a_member_where_needed
        CHECK ((member_id IS NOT NULL) = (kind IN ('arrived', 'left', 'conflict_declared'))),
    CONSTRAINT an_item_where_needed
        CHECK ((item IS NOT NULL) = (kind IN ('item_begun', 'conflict_declared', 'said', 'decided')))
);

-- Everybody who belongs to a class and lives.
CREATE VIEW governance.member_now AS
    SELECT DISTINCT member_id FROM (
        SELECT DISTINCT ON (member_id, member_class) member_id, kind FROM governance.member_change
        WHERE member_class IS NOT NULL ORDER BY member_id, member_class, number DESC) AS last
    WHERE kind = 'joined' AND NOT EXISTS (
        SELECT 1 FROM governance.member_change AS one
        WHERE one.member_id = last.member_id AND one.kind = 'died');
CREATE FUNCTION governance.members_now() RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CAST(count(*) AS integer) FROM governance.member_now
$$;
CREATE FUNCTION governance.is_over(p_meeting_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM governance.meeting_record
                   WHERE meeting_id = p_meeting_id AND kind IN ('closed', 'adjourned'))
$$;
-- Called as its bylaws ask: judged when all of the notice is written.
CREATE FUNCTION governance.check_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_bylaws jsonb := governance.bylaws_body(NEW.bylaws_rule_id);
    terms jsonb := coalesce(v_bylaws -> 'meeting', '{}');
    needed integer := coalesce(CAST(terms ->> 'notice_clear_days' AS integer), 14);
    adjourned_at timestamptz;
    consents integer;
    behind integer;
BEGIN
    IF NEW.members <> governance.members_now() THEN
        PERFORM governance.refuse('members_as_they_are', 'another number of members could come');
    END IF;
    PERFORM 1 FROM governance.meeting_item WHERE meeting_id = NEW.meeting_id;
    IF NOT FOUND THEN
        PERFORM governance.refuse('a_notice_names_the_business', 'the notice has no agenda');
    END IF;
    IF NEW.resumes IS NOT NULL THEN
        SELECT max(at) INTO adjourned_at FROM governance.meeting_record
        WHERE meeting_id = NEW.resumes AND kind = 'adjourned';
        IF adjourned_at IS NULL THEN
            PERFORM governance.refuse('resumes_what_was_adjourned', 'no adjourned meeting goes on here');
        END IF;
        needed := CASE WHEN governance.day_of(v_bylaws, NEW.held_at) - governance.day_of(v_bylaws, adjourned_at)
                            >= coalesce(CAST(terms ->> 'adjourned_long_days' AS integer), 14)
                       THEN coalesce(CAST(terms ->> 'adjourned_notice_clear_days' AS integer), 7) ELSE 0 END;
    END IF;
    SELECT count(*) INTO consents FROM governance.meeting_consent JOIN governance.member_now USING (member_id)
    WHERE meeting_id = NEW.meeting_id;
    IF governance.clear_days(v_bylaws, NEW.notice_at, NEW.held_at) < needed
       AND NOT governance.is_share(consents, NEW.members, coalesce(terms ->> 'short_notice_consent', '9/10')) THEN
        PERFORM governance.refuse('notice_or_consent', 'the notice is too short');
    END IF;
    IF NEW.short_notice_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM governance.short_notice AS agreed WHERE agreed.short_notice_id = NEW.short_notice_id
          AND (agreed.title, agreed.place, agreed.held_at) = (NEW.title, NEW.place, NEW.held_at)
          AND agreed.business = ARRAY(SELECT title FROM governance.meeting_item AS item
                                      WHERE item.meeting_id = NEW.meeting_id ORDER BY number)) THEN
        PERFORM governance.refuse('held_as_agreed', 'members agreed to another meeting');
    END IF;
    IF NEW.requisition_id IS NOT NULL THEN
        SELECT count(*) INTO behind FROM governance.requisition_signature
        WHERE requisition_id = NEW.requisition_id;
        IF NOT governance.is_share(behind, NEW.members, coalesce(terms ->> 'requisition', '1/10')) THEN
            PERFORM governance.refuse('enough_members_ask_for_it', 'too few members ask for this meeting');
        END IF;
    END IF;
    RETURN NULL;
END $$;
-- Whether people are a share of all, written "9/10" or "0.9"; exact.
CREATE FUNCTION governance.is_share(p_people bigint, p_all bigint, p_share text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_people * CAST(coalesce(nullif(split_part(p_share, '/', 2), ''), '1') AS numeric)
           >= p_all * CAST(split_part(p_share, '/', 1) AS numeric) AND p_people > 0
$$;
CREATE CONSTRAINT TRIGGER notice_or_consent AFTER INSERT ON governance.meeting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance.check_meeting();

-- The notice is one act: nothing is added to it once it is sent.
CREATE FUNCTION governance.check_part_of_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.meeting WHERE meeting_id = NEW.meeting_id
      AND xmin = pg_current_xact_id()::xid;
    IF NOT FOUND THEN
        PERFORM governance.refuse('a_notice_is_sent_once', 'this notice was sent already');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_notice_is_sent_once BEFORE INSERT ON governance.meeting_item
    FOR EACH ROW EXECUTE FUNCTION governance.check_part_of_notice();
CREATE TRIGGER a_notice_is_sent_once BEFORE INSERT ON governance.meeting_consent
    FOR EACH ROW EXECUTE FUNCTION governance.check_part_of_notice();

-- Nobody agrees for somebody else, nor once the notice is sent, nor after the meeting.
CREATE FUNCTION governance.check_own_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.meeting JOIN governance.short_notice_consent AS own USING (short_notice_id)
    WHERE meeting_id = NEW.meeting_id AND own.member_id = NEW.member_id;
    IF NOT FOUND THEN
        PERFORM governance.refuse('agreed_by_themselves', 'this member did not agree');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreed_by_themselves BEFORE INSERT ON governance.meeting_consent
    FOR EACH ROW WHEN (NOT NEW.on_paper) EXECUTE FUNCTION governance.check_own_consent();
CREATE FUNCTION governance.check_short_notice_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.short_notice
    WHERE short_notice_id = NEW.short_notice_id AND public.service_now() < held_at
      AND NOT EXISTS (SELECT 1 FROM governance.meeting WHERE short_notice_id = NEW.short_notice_id);
    IF NOT FOUND THEN
        PERFORM governance.refuse('agreed_before_the_notice', 'nobody is asked to agree any more');
    END IF;
    PERFORM 1 FROM governance.member_now WHERE member_id = NEW.member_id;
    IF NOT FOUND THEN
        PERFORM governance.refuse('agreed_by_members', 'who agrees is a member');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreed_before_the_notice BEFORE INSERT ON governance.short_notice_consent
    FOR EACH ROW EXECUTE FUNCTION governance.check_short_notice_consent();

CREATE VIEW governance.present AS
    SELECT meeting_id, member_id FROM (
        SELECT DISTINCT ON (meeting_id, member_id) meeting_id, member_id, kind
        FROM governance.meeting_record WHERE kind IN ('arrived', 'left')
        ORDER BY meeting_id, member_id, number DESC) AS last
    WHERE kind = 'arrived';
CREATE FUNCTION governance.item_at_hand(p_meeting_id uuid) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT item FROM governance.meeting_record
    WHERE meeting_id = p_meeting_id AND kind = 'item_begun' ORDER BY number DESC LIMIT 1
$$;
-- Who stands aside from an item: declared at the meeting, or before it for the motion of that item.
CREATE FUNCTION governance.stands_aside(p_meeting_id uuid, p_item integer, p_member_id uuid)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM governance.meeting_item AS item JOIN governance.meeting USING (meeting_id)
        LEFT JOIN governance.motion USING (motion_id)
        WHERE item.meeting_id = p_meeting_id AND item.number = p_item
          AND NOT governance.is_exempt(governance.bylaws_body(bylaws_rule_id),
                                       array_remove(ARRAY[item.subject, motion.matter, motion.rule_kind], NULL))
          AND (EXISTS (SELECT 1 FROM governance.meeting_record AS said
                       WHERE said.meeting_id = p_meeting_id AND said.kind = 'conflict_declared'
                         AND said.item = p_item AND said.member_id = p_member_id)
               OR EXISTS (SELECT 1 FROM governance.conflict
                          WHERE conflict.motion_id = item.motion_id AND conflict.member_id = p_member_id)))
$$;
CREATE FUNCTION governance.has_quorum(p_meeting_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (SELECT count(*) FROM governance.present WHERE present.meeting_id = p_meeting_id
              AND (coalesce(CAST(governance.bylaws_body(bylaws_rule_id) #>> '{conflict,counts_quorum}' AS boolean), false)
                   OR NOT governance.stands_aside(p_meeting_id, governance.item_at_hand(p_meeting_id), member_id)))
        >= CASE WHEN resumes IS NULL THEN greatest(1, governance.headcount(quorum_terms, members)) ELSE 1 END
    FROM governance.meeting WHERE meeting_id = p_meeting_id
$$;
CREATE FUNCTION governance.check_meeting_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM governance.lock_meeting(NEW.meeting_id);
    SELECT number, at INTO last FROM governance.meeting_record
    WHERE meeting_id = NEW.meeting_id ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(last.number, 0) + 1 OR NEW.at < last.at OR NEW.at > public.service_now() THEN
        PERFORM governance.refuse('a_record_in_its_order', 'the record is kept in order');
    END IF;
    IF governance.is_over(NEW.meeting_id) THEN
        PERFORM governance.refuse('what_is_over_is_over', 'this meeting is over');
    END IF;
    IF NEW.kind IN ('opened', 'decided') AND NOT governance.has_quorum(NEW.meeting_id) THEN
        PERFORM governance.refuse('decided_with_a_quorum', 'there is no quorum');
    END IF;
    IF NEW.kind = 'opened' AND EXISTS (
        SELECT 1 FROM governance.meeting WHERE meeting_id = NEW.meeting_id AND held_at > NEW.at) THEN
        PERFORM governance.refuse('no_meeting_before_its_time', 'the meeting begins later');
    END IF;
    IF (NEW.item IS NOT NULL OR NEW.kind = 'closed') AND NOT EXISTS (
        SELECT 1 FROM governance.meeting_record WHERE meeting_id = NEW.meeting_id AND kind = 'opened') THEN
        PERFORM governance.refuse('opened_first', 'this meeting is not open');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_record_in_its_order BEFORE INSERT ON governance.meeting_record
    FOR EACH ROW EXECUTE FUNCTION governance.check_meeting_record();

CREATE TABLE governance.minutes (
    meeting_id uuid CONSTRAINT drafted_once PRIMARY KEY REFERENCES governance.meeting,
    text text NOT NULL,
    digest text NOT NULL CONSTRAINT text_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(text, 'UTF8')), 'hex')),
    due_at timestamptz NOT NULL,
    drafted_at timestamptz NOT NULL
);
CREATE TABLE governance.minutes_correction (
    meeting_id uuid NOT NULL REFERENCES governance.minutes,
    number integer NOT NULL CHECK (number >= 1),
    text text NOT NULL CHECK (length(btrim(text)) BETWEEN 1 AND 20000),
    asked_by uuid NOT NULL REFERENCES governance.member,
    at timestamptz NOT NULL,
    PRIMARY KEY (meeting_id, number)
);
CREATE FUNCTION governance.check_minutes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT governance.is_over(NEW.meeting_id) THEN
        PERFORM governance.refuse('minutes_of_what_is_over', 'this meeting is not over');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER minutes_of_what_is_over BEFORE INSERT ON governance.minutes
    FOR EACH ROW EXECUTE FUNCTION governance.check_minutes();

-- --------------------------------------------------------------- amendments, decided by their names

CREATE TABLE governance.amendment_ballot (
    amendment_id uuid NOT NULL REFERENCES governance.amendment,
    member_id uuid NOT NULL REFERENCES governance.member,
    meeting_id uuid NOT NULL REFERENCES governance.meeting,
    mark text NOT NULL CHECK (mark IN ('for', 'against', 'abstain')),
    at timestamptz NOT NULL,
    CONSTRAINT one_hand_a_member PRIMARY KEY (amendment_id, member_id)
);
CREATE FUNCTION governance.check_amendment_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_item integer;
BEGIN
    PERFORM governance.lock_meeting(NEW.meeting_id);
    v_item := governance.item_at_hand(NEW.meeting_id);
    PERFORM 1 FROM governance.amendment_step AS step WHERE step.amendment_id = NEW.amendment_id
    HAVING count(*) = 1 AND min(state) = 'put_to_vote';
    IF NOT FOUND THEN
        PERFORM governance.refuse('put_to_this_vote', 'this amendment is not put to a vote');
    END IF;
    PERFORM 1 FROM governance.meeting_item AS item JOIN governance.amendment USING (motion_id)
    WHERE amendment_id = NEW.amendment_id AND item.meeting_id = NEW.meeting_id AND item.number = v_item
      AND NOT governance.is_over(NEW.meeting_id);
    IF NOT FOUND THEN
        PERFORM governance.refuse('while_its_item_is_at_hand', 'another item is at hand');
    END IF;
    PERFORM 1 FROM governance.present
    WHERE (meeting_id, member_id) = (NEW.meeting_id, NEW.member_id);
    IF NOT FOUND THEN
        PERFORM governance.refuse('hands_of_those_present', 'the member is not there');
    END IF;
    IF governance.stands_aside(NEW.meeting_id, v_item, NEW.member_id)
       AND NOT coalesce(CAST((SELECT governance.bylaws_body(bylaws_rule_id) FROM governance.meeting
                              WHERE meeting_id = NEW.meeting_id) #>> '{conflict,votes}' AS boolean), false) THEN
        PERFORM governance.refuse('no_vote_in_conflict', 'the member declared a conflict of interest');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hands_of_those_present BEFORE INSERT ON governance.amendment_ballot
    FOR EACH ROW EXECUTE FUNCTION governance.check_amendment_ballot();

CREATE FUNCTION governance.check_amendment_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hands record;
BEGIN
    SELECT count(*) FILTER (WHERE mark = 'for') AS votes_for,
           count(*) FILTER (WHERE mark = 'against') AS votes_against,
           count(DISTINCT meeting_id) AS meetings, min(CAST(meeting_id AS text)) AS meeting_id
    INTO hands FROM governance.amendment_ballot WHERE amendment_id = NEW.amendment_id;
    IF (NEW.votes_for, NEW.votes_against) IS DISTINCT FROM (hands.votes_for, hands.votes_against)
       OR hands.meetings <> 1
       OR (NEW.state = 'carried') <> (hands.votes_for > hands.votes_against) THEN
        PERFORM governance.refuse('decided_by_names', 'the figures are not those of the names');
    END IF;
    IF NOT governance.has_quorum(CAST(hands.meeting_id AS uuid)) OR governance.is_over(CAST(hands.meeting_id AS uuid)) THEN
        PERFORM governance.refuse('decided_with_a_quorum', 'there is no quorum any more');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_by_names BEFORE INSERT ON governance.amendment_step
    FOR EACH ROW WHEN (NEW.state IN ('carried', 'defeated')) EXECUTE FUNCTION governance.check_amendment_step();

-- --------------------------------------------------------------------------------------- proxies

CREATE TABLE governance.proxy (
    proxy_id uuid PRIMARY KEY,
    motion_id uuid NOT NULL,
    giver uuid NOT NULL,
    holder uuid NOT NULL,
    instructed text CHECK (length(instructed) BETWEEN 1 AND 4000),
    given_at timestamptz NOT NULL,
    CONSTRAINT the_giver_is_on_the_roll FOREIGN KEY (motion_id, giver) REFERENCES governance.roll_entry,
    CONSTRAINT the_holder_is_on_the_roll FOREIGN KEY (motion_id, holder) REFERENCES governance.roll_entry,
    CONSTRAINT nobody_is_their_own_proxy CHECK (giver <> holder)
);
CREATE INDEX proxy_in_vote ON governance.proxy (motion_id, holder);
-- A proxy ends once: it votes or is taken back, whichever comes first.
CREATE TABLE governance.proxy_end (
    proxy_id uuid CONSTRAINT a_proxy_ends_once PRIMARY KEY REFERENCES governance.proxy,
    how text NOT NULL CHECK (how IN ('revoked', 'used')),
    at timestamptz NOT NULL
);
CREATE VIEW governance.proxy_kept AS
    SELECT proxy.*, how, proxy_end.at AS ended_at FROM governance.proxy
    LEFT JOIN governance.proxy_end USING (proxy_id) WHERE how IS DISTINCT FROM 'revoked';

CREATE FUNCTION governance.check_proxy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_bylaws jsonb := governance.bylaws_of_notice(NEW.motion_id);
    v_matter text;
    v_tier text;
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    SELECT matter, tier INTO v_matter, v_tier
    FROM governance.motion JOIN governance.notice USING (motion_id) WHERE motion_id = NEW.motion_id;
    IF NOT coalesce(v_bylaws #> '{proxy,allowed}', '[]') ? v_matter OR v_tier <> 'open' THEN
        PERFORM governance.refuse('proxies_where_allowed', 'everyone votes for themselves here');
    END IF;
    IF EXISTS (SELECT 1 FROM governance.proxy_kept AS one
               WHERE one.motion_id = NEW.motion_id AND one.giver = NEW.giver) THEN
        PERFORM governance.refuse('one_proxy_a_member', 'somebody votes for them already');
    END IF;
    IF EXISTS (SELECT 1 FROM governance.proxy_kept AS one WHERE one.motion_id = NEW.motion_id
                 AND (one.giver = NEW.holder OR one.holder = NEW.giver)) THEN
        PERFORM governance.refuse('a_proxy_is_not_passed_on', 'a proxy is not passed on');
    END IF;
    IF (SELECT count(*) FROM governance.proxy_kept AS one
        WHERE one.motion_id = NEW.motion_id AND one.holder = NEW.holder)
       >= coalesce(CAST(v_bylaws #>> '{proxy,max_held}' AS integer), 1) THEN
        PERFORM governance.refuse('so_many_proxies_held', 'they vote for as many others as one may');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proxies_where_allowed BEFORE INSERT ON governance.proxy
    FOR EACH ROW EXECUTE FUNCTION governance.check_proxy();

CREATE FUNCTION governance.check_proxy_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(motion_id) FROM governance.proxy WHERE proxy_id = NEW.proxy_id;
    -- Whoever votes takes an unused proxy back by that.
    IF NEW.how = 'used' AND EXISTS (
        SELECT 1 FROM governance.proxy JOIN governance.open_ballot AS ballot USING (motion_id)
        WHERE proxy_id = NEW.proxy_id AND ballot.member_id = giver) THEN
        PERFORM governance.refuse('who_voted_needs_no_proxy', 'the giver has voted already');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER who_voted_needs_no_proxy BEFORE INSERT ON governance.proxy_end
    FOR EACH ROW EXECUTE FUNCTION governance.check_proxy_end();
CREATE FUNCTION governance.check_proxy_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.proxy JOIN governance.open_ballot AS ballot USING (motion_id)
    WHERE proxy_id = NEW.proxy_id AND ballot.member_id = giver AND ballot.sequence = 1
      AND mark = coalesce(instructed, mark);
    IF NOT FOUND THEN
        PERFORM governance.refuse('votes_as_instructed', 'the proxy was given for another choice');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER votes_as_instructed AFTER INSERT ON governance.proxy_end
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.how = 'used')
    EXECUTE FUNCTION governance.check_proxy_used();

-- --------------------------------------------------------------------------------------- outages

-- Who was down, and when. `service` is what every vote needs; the others are parts of secret votes.
CREATE TABLE governance.outage (
    outage_id uuid PRIMARY KEY,
    part text NOT NULL CHECK (part IN ('service', 'desk_secretary', 'desk_city_clerk', 'box')),
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    cause text NOT NULL CHECK (length(btrim(cause)) BETWEEN 1 AND 2000),
    noted_by text NOT NULL CHECK (length(btrim(noted_by)) BETWEEN 1 AND 200),
    noted_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT it_ends_after_it_begins CHECK (since < until),
    CONSTRAINT noted_when_it_is_over CHECK (until <= noted_at)
);
CREATE TABLE governance.vote_extension (
    motion_id uuid NOT NULL REFERENCES governance.notice,
    number integer NOT NULL CHECK (number >= 1),
    closes_before timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (motion_id, number),
    CONSTRAINT a_close_is_never_earlier CHECK (closes_at > closes_before)
);
CREATE FUNCTION governance.planned_close(p_motion_id uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT closes_before FROM governance.vote_extension
                     WHERE motion_id = p_motion_id AND number = 1), closes_at)
    FROM governance.notice WHERE motion_id = p_motion_id
$$;
-- The close with the time given back in which nobody could vote; what overlaps counts once.
CREATE FUNCTION governance.prolonged_close(p_motion_id uuid) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    closes timestamptz := governance.planned_close(p_motion_id);
    counted_until timestamptz;
    v_tier text;
    one record;
BEGIN
    SELECT opens_at, tier INTO counted_until, v_tier FROM governance.notice WHERE motion_id = p_motion_id;
    FOR one IN SELECT since, until FROM governance.outage
               WHERE part = 'service' OR v_tier = 'sealed' OR (v_tier = 'detached' AND part = 'box')
               ORDER BY since, until LOOP
        EXIT WHEN one.since >= closes;
        closes := closes + greatest(one.until - greatest(one.since, counted_until), interval '0');
        counted_until := greatest(counted_until, one.until);
    END LOOP;
    RETURN closes;
END $$;
CREATE FUNCTION governance.check_extension() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    IF governance.state_of(NEW.motion_id) NOT IN ('amending', 'frozen', 'open') THEN
        PERFORM governance.refuse('what_is_closed_stays_closed', 'this vote is closed');
    END IF;
    PERFORM 1 FROM governance.notice WHERE motion_id = NEW.motion_id AND closes_at = NEW.closes_before
      AND NEW.number = 1 + (SELECT count(*) FROM governance.vote_extension WHERE motion_id = NEW.motion_id)
      AND NEW.closes_at = governance.prolonged_close(NEW.motion_id)
      AND coalesce(CAST(governance.bylaws_body(bylaws_rule_id) #>> '{access,extend_on_outage}' AS boolean), true);
    IF NOT FOUND THEN
        PERFORM governance.refuse('by_the_time_nobody_could_vote', 'no outage on record moves the close so');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER by_the_time_nobody_could_vote BEFORE INSERT ON governance.vote_extension
    FOR EACH ROW EXECUTE FUNCTION governance.check_extension();

-- The one column of a notice that moves, by an extension on record and to nowhere else.
CREATE FUNCTION governance.move_close() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE governance.notice SET closes_at = NEW.closes_at WHERE motion_id = NEW.motion_id;
    RETURN NULL;
END $$;
CREATE TRIGGER move_close AFTER INSERT ON governance.vote_extension
    FOR EACH ROW EXECUTE FUNCTION governance.move_close();
CREATE FUNCTION governance.refuse_change_of_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.closes_at > OLD.closes_at
       AND to_jsonb(NEW) - 'closes_at' = to_jsonb(OLD) - 'closes_at'
       AND EXISTS (SELECT 1 FROM governance.vote_extension AS one
                   WHERE (one.motion_id, one.closes_before, one.closes_at)
                       = (NEW.motion_id, OLD.closes_at, NEW.closes_at)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a notice stands as it was sent' USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;
DROP TRIGGER append_only ON governance.notice;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON governance.notice
    FOR EACH ROW EXECUTE FUNCTION governance.refuse_change_of_notice();

-- --------------------------------------------------------------------------------------- appeals

-- Seeds of lots that are sealed before anybody appeals: the hash now, the 32 bytes at the drawing.
CREATE TABLE governance.lot_commitment (
    commitment text PRIMARY KEY CHECK (commitment ~ '^[0-9a-f]{64}$'),
    registered_at timestamptz NOT NULL DEFAULT public.service_now()
);
CREATE TABLE governance.appeal (
    appeal_id uuid PRIMARY KEY,
    motion_id uuid NOT NULL REFERENCES governance.certificate,
    member_id uuid NOT NULL REFERENCES governance.member,
    complaint text NOT NULL CHECK (length(btrim(complaint)) BETWEEN 1 AND 20000),
    affected integer NOT NULL CHECK (affected >= 1),
    margin integer CHECK (margin >= 1),
    stays boolean NOT NULL,
    lodged_at timestamptz NOT NULL DEFAULT public.service_now(),
    CONSTRAINT one_appeal_a_member UNIQUE (motion_id, member_id),
    CONSTRAINT stays_unless_the_margin_exceeds_it CHECK (stays = (margin IS NULL OR affected >= margin))
);
CREATE TABLE governance.appeal_lot (
    appeal_id uuid PRIMARY KEY REFERENCES governance.appeal,
    commitment text NOT NULL CONSTRAINT a_seed_draws_once UNIQUE REFERENCES governance.lot_commitment
);
CREATE TABLE governance.appeal_jury (
    appeal_id uuid CONSTRAINT drawn_once PRIMARY KEY REFERENCES governance.appeal_lot,
    secret bytea NOT NULL CHECK (length(secret) = 32),
    drawn_at timestamptz NOT NULL
);
CREATE TABLE governance.juror (
    appeal_id uuid NOT NULL REFERENCES governance.appeal_jury,
    place integer NOT NULL CHECK (place >= 1),
    member_id uuid NOT NULL REFERENCES governance.member,
    PRIMARY KEY (appeal_id, place),
    UNIQUE (appeal_id, member_id)
);
CREATE TABLE governance.juror_vote (
    appeal_id uuid NOT NULL,
    member_id uuid NOT NULL,
    upholds boolean NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT one_vote_a_juror PRIMARY KEY (appeal_id, member_id),
    CONSTRAINT jurors_alone FOREIGN KEY (appeal_id, member_id) REFERENCES governance.juror (appeal_id, member_id)
);
CREATE TABLE governance.appeal_finding (
    appeal_id uuid CONSTRAINT found_once PRIMARY KEY REFERENCES governance.appeal_jury,
    upheld boolean NOT NULL,
    affected integer NOT NULL CHECK (affected >= 0),
    sets_aside boolean NOT NULL,
    document text NOT NULL,
    digest text NOT NULL CONSTRAINT finding_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
    found_at timestamptz NOT NULL
);
-- What a result is from now on. The certificate, the rule and what was paid stay as they were written.
CREATE TABLE governance.result_correction (
    motion_id uuid CONSTRAINT set_aside_once PRIMARY KEY REFERENCES governance.certificate,
    appeal_id uuid NOT NULL UNIQUE REFERENCES governance.appeal_finding,
    document text NOT NULL,
    digest text NOT NULL CONSTRAINT correction_is_what_was_hashed
        CHECK (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
    corrected_at timestamptz NOT NULL
);

CREATE FUNCTION governance.check_appeal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_bylaws jsonb := governance.bylaws_of_notice(NEW.motion_id);
BEGIN
    PERFORM governance.lock_motion(NEW.motion_id);
    PERFORM 1 FROM governance.certificate WHERE motion_id = NEW.motion_id
      AND public.service_now() < governance.after_clear_days(
          v_bylaws, certified_at, coalesce(CAST(v_bylaws #>> '{appeal,window_days}' AS integer), 14));
    IF NOT FOUND THEN
        PERFORM governance.refuse('within_the_window', 'the window for appeals is over');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER within_the_window BEFORE INSERT ON governance.appeal
    FOR EACH ROW EXECUTE FUNCTION governance.check_appeal();

CREATE FUNCTION governance.jury_size(p_bylaws jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(CAST(substring(p_bylaws #>> '{appeal,body}' FROM '^jury_by_lot_([1-9][0-9]?)$') AS integer), 9)
$$;
-- The lot of governance.counting.lots, drawn again: from the roll of that vote, but neither who
-- appeals nor who moved the motion nor anybody with an interest in it.
CREATE FUNCTION governance.jury_of(p_appeal_id uuid, p_secret bytea) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(member_id ORDER BY ticket) FROM (
        SELECT entry.member_id, sha256(
            convert_to('khan-cars lot 1', 'UTF8') || '\x00'::bytea
            || sha256(p_secret || convert_to(appeal.complaint, 'UTF8'))
            || convert_to('jury ' || appeal.appeal_id, 'UTF8') || '\x00'::bytea
            || convert_to(CAST(entry.member_id AS text), 'UTF8')) AS ticket
        FROM governance.appeal JOIN governance.motion USING (motion_id)
        JOIN governance.roll AS entry USING (motion_id)
        WHERE appeal_id = p_appeal_id AND entry.member_id NOT IN (appeal.member_id, motion.mover)
          AND NOT EXISTS (SELECT 1 FROM governance.conflict
                          WHERE (conflict.motion_id, conflict.member_id) = (appeal.motion_id, entry.member_id))
        ORDER BY 2
        LIMIT (SELECT governance.jury_size(governance.bylaws_of_notice(motion_id))
               FROM governance.appeal WHERE appeal_id = p_appeal_id)) AS drawn
$$;
CREATE FUNCTION governance.check_jury() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.appeal_lot
    WHERE appeal_id = NEW.appeal_id AND commitment = encode(sha256(NEW.secret), 'hex');
    IF NOT FOUND THEN
        PERFORM governance.refuse('the_seed_that_was_sealed', 'another seed was committed to');
    END IF;
    IF governance.jury_of(NEW.appeal_id, NEW.secret) IS DISTINCT FROM (
        SELECT array_agg(member_id ORDER BY place) FROM governance.juror WHERE appeal_id = NEW.appeal_id) THEN
        PERFORM governance.refuse('drawn_by_the_lot', 'the lot falls on others');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER drawn_by_the_lot AFTER INSERT ON governance.appeal_jury
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance.check_jury();
CREATE FUNCTION governance.check_juror() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.appeal_jury WHERE appeal_id = NEW.appeal_id
      AND xmin = pg_current_xact_id()::xid;
    IF NOT FOUND THEN
        PERFORM governance.refuse('drawn_by_the_lot', 'this jury was drawn already');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER drawn_by_the_lot BEFORE INSERT ON governance.juror
    FOR EACH ROW EXECUTE FUNCTION governance.check_juror();

CREATE FUNCTION governance.check_finding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    jury record;
    v_margin integer;
BEGIN
    PERFORM governance.lock_motion(motion_id) FROM governance.appeal WHERE appeal_id = NEW.appeal_id;
    SELECT count(*) AS size, count(upholds) AS votes, count(*) FILTER (WHERE upholds) AS upholding
    INTO jury FROM governance.juror LEFT JOIN governance.juror_vote USING (appeal_id, member_id)
    WHERE appeal_id = NEW.appeal_id;
    SELECT margin INTO v_margin FROM governance.appeal WHERE appeal_id = NEW.appeal_id;
    IF 2 * jury.votes <= jury.size OR NEW.upheld IS DISTINCT FROM (2 * jury.upholding > jury.votes) THEN
        PERFORM governance.refuse('found_by_its_jury', 'its jury has not found that');
    END IF;
    IF NEW.sets_aside IS DISTINCT FROM (NEW.upheld AND (v_margin IS NULL OR NEW.affected >= v_margin)) THEN
        PERFORM governance.refuse('set_aside_where_it_matters', 'the margin decides whether the result stands');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER found_by_its_jury BEFORE INSERT ON governance.appeal_finding
    FOR EACH ROW EXECUTE FUNCTION governance.check_finding();
CREATE FUNCTION governance.check_vote_of_juror() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance.lock_motion(motion_id) FROM governance.appeal WHERE appeal_id = NEW.appeal_id;
    PERFORM 1 FROM governance.appeal_finding WHERE appeal_id = NEW.appeal_id;
    IF FOUND THEN
        PERFORM governance.refuse('found_once', 'this jury has found already');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER found_once BEFORE INSERT ON governance.juror_vote
    FOR EACH ROW EXECUTE FUNCTION governance.check_vote_of_juror();

CREATE FUNCTION governance.check_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.appeal_finding JOIN governance.appeal USING (appeal_id)
    WHERE appeal_id = NEW.appeal_id AND motion_id = NEW.motion_id AND sets_aside;
    IF NOT FOUND THEN
        PERFORM governance.refuse('corrected_by_a_finding', 'no finding sets this result aside');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER corrected_by_a_finding BEFORE INSERT ON governance.result_correction
    FOR EACH ROW EXECUTE FUNCTION governance.check_correction();

-- The rule that a result wrote, if it is the last of its kind and another stood before it.
CREATE FUNCTION governance.rule_to_correct(p_motion_id uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT rule_id FROM rulebook.rule AS written
    WHERE adoption_id = p_motion_id AND adoption_kind = 'certificate' AND supersedes IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM rulebook.rule AS later WHERE later.supersedes = written.rule_id)
$$;
-- When a finding that sets a result aside is committed, the result is corrected and so is its rule.
CREATE FUNCTION governance.check_set_aside() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_motion_id uuid;
BEGIN
    SELECT motion_id INTO v_motion_id FROM governance.appeal WHERE appeal_id = NEW.appeal_id;
    IF NOT EXISTS (SELECT 1 FROM governance.result_correction WHERE motion_id = v_motion_id)
       OR governance.rule_to_correct(v_motion_id) IS NOT NULL THEN
        PERFORM governance.refuse('what_is_set_aside_is_corrected', 'the result stands uncorrected');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER what_is_set_aside_is_corrected AFTER INSERT ON governance.appeal_finding
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.sets_aside)
    EXECUTE FUNCTION governance.check_set_aside();

-- I19: what adopts a rule, besides the charter and a certificate, is a finding that sets a result
-- aside; and what it writes is what stood before.
ALTER TABLE rulebook.adoption DROP CONSTRAINT adopted_by_charter_or_certificate;
ALTER TABLE rulebook.adoption ADD CONSTRAINT adopted_by_charter_or_certificate
    CHECK (kind IN ('charter', 'certificate', 'finding'));
CREATE FUNCTION governance.check_adoption_by_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.appeal_finding
    WHERE appeal_id = NEW.adoption_id AND digest = NEW.digest AND sets_aside;
    IF NOT FOUND THEN
        PERFORM governance.refuse('i19_adopted_by_a_finding', 'no finding adopts this');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i19_adopted_by_a_finding BEFORE INSERT ON rulebook.adoption
    FOR EACH ROW WHEN (NEW.kind = 'finding') EXECUTE FUNCTION governance.check_adoption_by_finding();
CREATE FUNCTION governance.check_rule_of_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM governance.appeal AS heard
    JOIN rulebook.rule AS wrong ON wrong.rule_id = governance.rule_to_correct(heard.motion_id)
    JOIN rulebook.rule AS before ON before.rule_id = wrong.supersedes
    WHERE heard.appeal_id = NEW.adoption_id AND wrong.kind = NEW.kind AND before.body = NEW.body
      AND NEW.supersedes = wrong.rule_id;
    IF NOT FOUND THEN
        PERFORM governance.refuse('i19_what_stood_before', 'another rule stood before');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER i19_what_stood_before BEFORE INSERT ON rulebook.rule
    FOR EACH ROW WHEN (NEW.adoption_kind = 'finding') EXECUTE FUNCTION governance.check_rule_of_finding();

CREATE FUNCTION governance.correct_rule(p_appeal_id uuid, p_rule_id uuid, p_valid_from timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found record;
    wrong record;
    v_adopted_at timestamptz;
BEGIN
    SELECT motion_id, document, digest, title INTO STRICT found
    FROM governance.appeal JOIN governance.appeal_finding USING (appeal_id)
    JOIN governance.motion USING (motion_id) WHERE appeal_id = p_appeal_id;
    SELECT one.rule_id, one.kind, one.version, one.valid_from, before.body INTO STRICT wrong
    FROM rulebook.rule AS one JOIN rulebook.rule AS before ON before.rule_id = one.supersedes
    WHERE one.rule_id = governance.rule_to_correct(found.motion_id) FOR UPDATE OF one;
    INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
    VALUES (p_appeal_id, 'finding', found.title, found.document, found.digest, 0)
    RETURNING adopted_at INTO v_adopted_at;
    INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at, supersedes,
                               superseded_from, adoption_id, notice_days, adoption_kind, adopted_at)
    VALUES (p_rule_id, wrong.kind, wrong.version + 1, wrong.body,
            encode(sha256(convert_to(wrong.body, 'UTF8')), 'hex'), p_valid_from, v_adopted_at,
            wrong.rule_id, wrong.valid_from, p_appeal_id, 0, 'finding', v_adopted_at);
END $$;
REVOKE EXECUTE ON FUNCTION governance.correct_rule FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.correct_rule TO khan_app;

-- ------------------------------------------------------------------------------------- reminders

-- What was told once as overdue or due: a motion's answer, its review, a meeting's minutes.
CREATE TABLE governance.reminder (
    kind text NOT NULL CHECK (kind IN ('answer_overdue', 'review_due', 'minutes_overdue')),
    subject uuid NOT NULL,
    due_on date NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT reminded_once PRIMARY KEY (kind, subject)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['conflict', 'requisition', 'requisition_signature', 'short_notice',
        'short_notice_consent', 'meeting', 'meeting_item',
        'meeting_consent', 'meeting_record', 'minutes', 'minutes_correction', 'amendment_ballot', 'proxy',
        'proxy_end', 'outage', 'vote_extension', 'lot_commitment', 'appeal', 'appeal_lot', 'appeal_jury',
        'juror', 'juror_vote', 'appeal_finding', 'result_correction', 'reminder'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON governance.%I
            FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON governance.%I
            FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
        EXECUTE format('GRANT SELECT, INSERT ON governance.%I TO khan_app', name);
    END LOOP;
END $$;
GRANT SELECT ON governance.present, governance.proxy_kept, governance.member_now TO khan_app;

-- Whoever signs a request for a meeting waits for who signs it now, so that the one who makes it enough
-- knows; whoever takes a sealed seed waits for who takes the one before.
CREATE FUNCTION governance.lock_requisition(p_requisition_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1 FROM governance.requisition WHERE requisition_id = p_requisition_id FOR UPDATE
$$;
REVOKE EXECUTE ON FUNCTION governance.lock_requisition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.lock_requisition TO khan_app;
CREATE FUNCTION governance.lock_lots() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('governance.appeal_lot', 0))
$$;

-- Whoever adds to a meeting's record locks the meeting; with a motion, the motion comes first.
CREATE FUNCTION governance.lock_meeting(p_meeting_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1 FROM governance.meeting WHERE meeting_id = p_meeting_id FOR UPDATE
$$;
REVOKE EXECUTE ON FUNCTION governance.lock_meeting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance.lock_meeting TO khan_app;
