-- People and vehicles as licensed: who they are (sealed, apart), how they sign in, who is fit to work.

CREATE SCHEMA registry;
GRANT USAGE ON SCHEMA registry TO khan_app;

-- A row that has begun may end, once, and change in no other way. The trigger's arguments name the
-- columns that tell of the end; the first one is empty until then.
CREATE FUNCTION registry.only_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL
       OR to_jsonb(NEW) ->> TG_ARGV[0] IS NULL
       OR to_jsonb(OLD) - TG_ARGV IS DISTINCT FROM to_jsonb(NEW) - TG_ARGV THEN
        RAISE EXCEPTION '%.% may only end, and only once', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_ends_once';
    END IF;
    RETURN NEW;
END $$;

-- ---------------------------------------------------------------------------------------- people

CREATE TABLE registry.person (
    person_id uuid PRIMARY KEY,
    joined_at timestamptz NOT NULL,
    erased_at timestamptz
);
GRANT SELECT, INSERT, UPDATE (erased_at) ON registry.person TO khan_app;
CREATE TRIGGER ends_once BEFORE UPDATE ON registry.person
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('erased_at');

-- The only row that says who somebody is. Name and phone are sealed under a key of the person's
-- own, which is wrapped by a key that is not in this database; erasing the row erases the person.
CREATE TABLE registry.contact (
    person_id uuid PRIMARY KEY REFERENCES registry.person,
    phone_index bytea NOT NULL CHECK (length(phone_index) = 32),
    data_key bytea NOT NULL,
    name bytea NOT NULL,
    phone bytea NOT NULL,
    language text NOT NULL CHECK (language ~ '^[a-z]{2,3}$'),
    CONSTRAINT one_person_a_phone UNIQUE (phone_index)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON registry.contact TO khan_app;

-- What somebody always needs in a car (data on health, GDPR article 9): they say it themselves, it is
-- sealed under a key of its own, and goes with the contact when they are forgotten.
CREATE TABLE registry.usual_needs (
    person_id uuid PRIMARY KEY REFERENCES registry.contact ON DELETE CASCADE,
    data_key bytea NOT NULL,
    needs bytea NOT NULL
);
GRANT SELECT, INSERT, UPDATE (data_key, needs), DELETE ON registry.usual_needs TO khan_app;

-- Which vault this database was sealed with: a wrong key is noticed before it seals anything.
CREATE TABLE registry.vault_fingerprint (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32)
);
GRANT SELECT, INSERT ON registry.vault_fingerprint TO khan_app;

CREATE TABLE registry.role_grant (
    grant_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES registry.person,
    role text NOT NULL CHECK (role IN ('rider', 'driver', 'office', 'regulator', 'machine', 'auditor')),
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    granted_by uuid REFERENCES registry.person,  -- empty: by the person's own joining, or at set-up
    ended_at timestamptz,
    ended_by uuid REFERENCES registry.person,
    CONSTRAINT a_grant_has_a_span CHECK (valid_from < valid_to)
);
CREATE UNIQUE INDEX a_role_is_granted_once ON registry.role_grant (person_id, role)
    WHERE ended_at IS NULL;
GRANT SELECT, INSERT, UPDATE (ended_at, ended_by) ON registry.role_grant TO khan_app;
CREATE TRIGGER ends_once BEFORE UPDATE ON registry.role_grant
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('ended_at', 'ended_by');

-- --------------------------------------------------------------------------------------- sign-in

-- One-time codes. Neither the code nor the phone is here to be read: the code is a keyed digest,
-- the phone a blind index and a sealed copy for the case that its owner is new.
CREATE TABLE registry.code_challenge (
    challenge_id uuid PRIMARY KEY,
    phone_index bytea NOT NULL CHECK (length(phone_index) = 32),
    phone bytea NOT NULL,
    language text NOT NULL,
    code_digest bytea NOT NULL CHECK (length(code_digest) = 32),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries smallint NOT NULL DEFAULT 0,
    used_at timestamptz,
    CONSTRAINT a_code_has_five_tries CHECK (tries BETWEEN 0 AND 5),
    CONSTRAINT a_code_lasts_five_minutes CHECK (expires_at <= made_at + interval '5 minutes'),
    CONSTRAINT a_code_is_used_in_time CHECK (used_at < expires_at)
);
CREATE INDEX code_challenge_phone ON registry.code_challenge (phone_index, made_at);
CREATE INDEX code_challenge_age ON registry.code_challenge (made_at);
GRANT SELECT, INSERT, UPDATE (tries, used_at), DELETE ON registry.code_challenge TO khan_app;

CREATE FUNCTION registry.refuse_second_use_of_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR NEW.tries <> OLD.tries + 1 THEN
        RAISE EXCEPTION 'a one-time code is used once, and every try counts'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_code_works_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER works_once BEFORE UPDATE ON registry.code_challenge
    FOR EACH ROW EXECUTE FUNCTION registry.refuse_second_use_of_code();

CREATE TABLE registry.passkey (
    passkey_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES registry.person,
    credential_id bytea NOT NULL CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL CHECK (sign_count >= 0),
    made_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    CONSTRAINT a_passkey_belongs_to_one_person UNIQUE (credential_id)
);
CREATE INDEX passkey_person ON registry.passkey (person_id) WHERE withdrawn_at IS NULL;
GRANT SELECT, INSERT, UPDATE (sign_count, withdrawn_at) ON registry.passkey TO khan_app;

CREATE FUNCTION registry.refuse_passkey_going_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL OR NEW.sign_count < OLD.sign_count THEN
        RAISE EXCEPTION 'a withdrawn passkey stays so, and its counter never falls'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_passkey_never_goes_back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER never_goes_back BEFORE UPDATE ON registry.passkey
    FOR EACH ROW EXECUTE FUNCTION registry.refuse_passkey_going_back();

CREATE TABLE registry.passkey_challenge (
    challenge_id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('registration', 'sign_in')),
    person_id uuid REFERENCES registry.person,
    challenge bytea NOT NULL CHECK (length(challenge) = 32),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- Who signs in is known only from the answer; who registers is signed in already.
    CONSTRAINT a_registration_is_somebodys CHECK ((purpose = 'registration') = (person_id IS NOT NULL)),
    CONSTRAINT a_challenge_lasts_five_minutes CHECK (expires_at <= made_at + interval '5 minutes'),
    CONSTRAINT a_challenge_is_used_in_time CHECK (used_at < expires_at)
);
CREATE INDEX passkey_challenge_age ON registry.passkey_challenge (made_at);
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON registry.passkey_challenge TO khan_app;
CREATE TRIGGER works_once BEFORE UPDATE ON registry.passkey_challenge
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('used_at');

-- A session is known by the SHA-256 of its token: a copy of this table signs nobody in.
CREATE TABLE registry.session (
    session_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    person_id uuid NOT NULL REFERENCES registry.person,
    opened_by text NOT NULL CHECK (opened_by IN ('code', 'passkey', 'issued')),
    passkey_id uuid REFERENCES registry.passkey,
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    strong_until timestamptz,
    revoked_at timestamptz,
    CONSTRAINT one_session_a_token UNIQUE (token_hash),
    CONSTRAINT a_session_ends CHECK (expires_at > opened_at AND expires_at <= opened_at + interval '366 days'),
    CONSTRAINT a_passkey_session_names_its_passkey CHECK ((opened_by = 'passkey') = (passkey_id IS NOT NULL)),
    CONSTRAINT strong_means_a_passkey_within_five_minutes CHECK (
        strong_until IS NULL
        OR (opened_by = 'passkey' AND strong_until <= opened_at + interval '5 minutes'))
);
CREATE INDEX session_person ON registry.session (person_id) WHERE revoked_at IS NULL;
CREATE INDEX session_end ON registry.session (least(expires_at, revoked_at));
GRANT SELECT, INSERT, UPDATE (revoked_at), DELETE ON registry.session TO khan_app;
CREATE TRIGGER ends_once BEFORE UPDATE ON registry.session
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('revoked_at');

-- For as long a person can be told how their account was used; then nobody needs to know.
CREATE FUNCTION registry.refuse_to_forget_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF least(OLD.expires_at, OLD.revoked_at) >= public.service_now() - interval '30 days' THEN
        RAISE EXCEPTION 'a session is kept for 30 days after its end'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_session_is_kept_for_30_days';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER kept_for_30_days BEFORE DELETE ON registry.session
    FOR EACH ROW EXECUTE FUNCTION registry.refuse_to_forget_session();

-- ------------------------------------------------------------------------------------- licensing

-- A driver is a person with a public licence number. This row is the parent that whoever changes
-- a driver's standing or papers locks first, and whoever accepts a trip for them locks in share.
CREATE TABLE registry.driver (
    driver_id uuid PRIMARY KEY REFERENCES registry.person,
    licence_number text NOT NULL CHECK (length(licence_number) BETWEEN 1 AND 40),
    licensed_at timestamptz NOT NULL,
    licensed_by uuid NOT NULL REFERENCES registry.person,
    CONSTRAINT one_driver_a_licence_number UNIQUE (licence_number)
);
GRANT SELECT, INSERT ON registry.driver TO khan_app;

CREATE TABLE registry.vehicle (
    vehicle_id uuid PRIMARY KEY,
    make text NOT NULL CHECK (length(make) BETWEEN 1 AND 60),
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 60),
    colour text NOT NULL CHECK (length(colour) BETWEEN 1 AND 40),
    plate text NOT NULL CHECK (length(plate) BETWEEN 1 AND 20),
    vehicle_class text NOT NULL CHECK (vehicle_class ~ '^[a-z][a-z0-9_]{0,39}$'),
    seats smallint NOT NULL CHECK (seats BETWEEN 1 AND 16),  -- for passengers
    equipment text[] NOT NULL DEFAULT '{}',
    licence_number text NOT NULL CHECK (length(licence_number) BETWEEN 1 AND 40),
    registered_at timestamptz NOT NULL,
    registered_by uuid NOT NULL REFERENCES registry.person,
    CONSTRAINT one_vehicle_a_plate UNIQUE (plate),
    CONSTRAINT one_vehicle_a_licence_number UNIQUE (licence_number)
);
GRANT SELECT, INSERT ON registry.vehicle TO khan_app;

-- Who may drive what.
CREATE TABLE registry.driver_vehicle (
    permission_id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES registry.driver,
    vehicle_id uuid NOT NULL REFERENCES registry.vehicle,
    permitted_at timestamptz NOT NULL,
    permitted_by uuid NOT NULL REFERENCES registry.person,
    ended_at timestamptz,
    ended_by uuid REFERENCES registry.person
);
CREATE UNIQUE INDEX a_vehicle_is_permitted_once ON registry.driver_vehicle (driver_id, vehicle_id)
    WHERE ended_at IS NULL;
GRANT SELECT, INSERT, UPDATE (ended_at, ended_by) ON registry.driver_vehicle TO khan_app;
CREATE TRIGGER ends_once BEFORE UPDATE ON registry.driver_vehicle
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('ended_at', 'ended_by');

CREATE TABLE registry.credential_kind (
    kind text PRIMARY KEY,
    subject text NOT NULL CHECK (subject IN ('driver', 'vehicle')),
    UNIQUE (kind, subject)
);
INSERT INTO registry.credential_kind (kind, subject) VALUES
    ('driving_licence', 'driver'),
    ('private_hire_licence', 'driver'),
    ('background_check', 'driver'),
    ('right_to_work', 'driver'),
    ('insurance', 'vehicle'),  -- for hire and reward
    ('vehicle_licence', 'vehicle'),
    ('vehicle_inspection', 'vehicle');
GRANT SELECT ON registry.credential_kind TO khan_app;

-- What this city asks for. Without a row here a kind may be recorded, and nobody needs it.
CREATE TABLE registry.required_credential (
    requirement_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL REFERENCES registry.credential_kind,
    required_from timestamptz NOT NULL,
    required_by uuid REFERENCES registry.person,  -- empty: at set-up
    ended_at timestamptz,
    ended_by uuid REFERENCES registry.person
);
CREATE UNIQUE INDEX a_kind_is_required_once ON registry.required_credential (kind) WHERE ended_at IS NULL;
INSERT INTO registry.required_credential (kind, required_from)
SELECT unnest(ARRAY['driving_licence', 'private_hire_licence', 'insurance', 'vehicle_licence',
                    'vehicle_inspection']), '-infinity';
GRANT SELECT, INSERT, UPDATE (ended_at, ended_by) ON registry.required_credential TO khan_app;
CREATE TRIGGER ends_once BEFORE UPDATE ON registry.required_credential
    FOR EACH ROW EXECUTE FUNCTION registry.only_ends_once('ended_at', 'ended_by');

-- A paper somebody has looked at. Its number is not kept: the register of the authority has it.
CREATE TABLE registry.credential (
    credential_id uuid PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    driver_id uuid REFERENCES registry.driver,
    vehicle_id uuid REFERENCES registry.vehicle,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,  -- the first instant at which it is no longer valid
    zones text[],  -- of a licence to carry riders: picked up in these alone; empty: anywhere
    verified_by uuid NOT NULL REFERENCES registry.person,
    added_at timestamptz NOT NULL,
    CONSTRAINT zones_are_a_licence_s CHECK (
        zones IS NULL
        OR (kind = 'private_hire_licence' AND cardinality(zones) BETWEEN 1 AND 1000
            AND array_position(zones, NULL) IS NULL AND NOT '' = ANY (zones))),
    FOREIGN KEY (kind, subject) REFERENCES registry.credential_kind (kind, subject),
    CONSTRAINT a_credential_has_a_span CHECK (valid_from < valid_to),
    CONSTRAINT a_credential_has_one_subject CHECK (
        (subject = 'driver') = (driver_id IS NOT NULL)
        AND (subject = 'vehicle') = (vehicle_id IS NOT NULL))
);
CREATE INDEX credential_driver ON registry.credential (driver_id, kind) WHERE driver_id IS NOT NULL;
CREATE INDEX credential_vehicle ON registry.credential (vehicle_id, kind) WHERE vehicle_id IS NOT NULL;
CREATE INDEX credential_end ON registry.credential (valid_to);
CREATE INDEX credential_zones ON registry.credential (driver_id) WHERE zones IS NOT NULL;
GRANT SELECT, INSERT ON registry.credential TO khan_app;

CREATE TABLE registry.credential_withdrawal (
    credential_id uuid PRIMARY KEY REFERENCES registry.credential,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    withdrawn_by uuid NOT NULL REFERENCES registry.person,
    withdrawn_at timestamptz NOT NULL DEFAULT public.service_now()
);
GRANT SELECT, INSERT ON registry.credential_withdrawal TO khan_app;

-- The latest row of a driver, by sequence, is how they stand.
CREATE TABLE registry.standing (
    driver_id uuid NOT NULL REFERENCES registry.driver,
    sequence integer NOT NULL DEFAULT 0,  -- given by the trigger, under the driver's lock
    standing text NOT NULL CHECK (standing IN ('good', 'suspended')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    set_by uuid NOT NULL REFERENCES registry.person,
    set_at timestamptz NOT NULL DEFAULT public.service_now(),
    PRIMARY KEY (driver_id, sequence)
);
GRANT SELECT, INSERT ON registry.standing TO khan_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['driver', 'vehicle', 'credential_kind', 'credential',
                                'credential_withdrawal', 'standing', 'vault_fingerprint'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON registry.%I
                        FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['person', 'role_grant', 'passkey', 'driver_vehicle',
                                'required_credential'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE DELETE ON registry.%I
                        FOR EACH ROW EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['driver', 'vehicle', 'credential_kind', 'credential',
                                'credential_withdrawal', 'standing', 'vault_fingerprint', 'person',
                                'role_grant', 'passkey', 'session', 'driver_vehicle',
                                'required_credential'] LOOP
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON registry.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION storage.refuse_change()', name);
    END LOOP;
END $$;

-- ------------------------------------------------------------------------------- fit to work (I11)

-- A revocation that is committed before an acceptance always wins. Deferred checks alone would not
-- do it: two transactions that overlap each see the other's rows as not yet written. So whoever
-- changes standing, papers or permission locks the driver (then the vehicle) first, against share
-- locks; whoever accepts takes the share locks and only then reads. These functions run as their
-- owner because a row lock needs a right to update, which the service does not have on these rows.
CREATE FUNCTION registry.lock_for_change(driver uuid, vehicle uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM registry.driver d WHERE d.driver_id = $1 FOR NO KEY UPDATE;
    PERFORM 1 FROM registry.vehicle v WHERE v.vehicle_id = $2 FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION registry.lock_before_permission_or_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM registry.lock_for_change(NEW.driver_id, NEW.vehicle_id);
    RETURN NEW;
END $$;
CREATE TRIGGER locks_its_subject BEFORE INSERT ON registry.credential
    FOR EACH ROW EXECUTE FUNCTION registry.lock_before_permission_or_credential();
CREATE TRIGGER locks_its_subject BEFORE INSERT OR UPDATE ON registry.driver_vehicle
    FOR EACH ROW EXECUTE FUNCTION registry.lock_before_permission_or_credential();

CREATE FUNCTION registry.lock_before_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM registry.lock_for_change(c.driver_id, c.vehicle_id)
    FROM registry.credential c WHERE c.credential_id = NEW.credential_id;
    NEW.withdrawn_at := public.service_now();
    RETURN NEW;
END $$;
CREATE TRIGGER locks_its_subject BEFORE INSERT ON registry.credential_withdrawal
    FOR EACH ROW EXECUTE FUNCTION registry.lock_before_withdrawal();

CREATE FUNCTION registry.lock_before_standing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM registry.lock_for_change(NEW.driver_id, NULL);
    -- Numbered and dated only now: the order of the rows is the order in which they took the lock.
    SELECT coalesce(max(s.sequence), 0) + 1 INTO NEW.sequence
    FROM registry.standing s WHERE s.driver_id = NEW.driver_id;
    NEW.set_at := public.service_now();
    RETURN NEW;
END $$;
CREATE TRIGGER locks_its_subject BEFORE INSERT ON registry.standing
    FOR EACH ROW EXECUTE FUNCTION registry.lock_before_standing();

-- Why this driver may not work with this vehicle at that instant; empty when they may. Takes no
-- lock. Without a vehicle only the driver is judged. Withdrawals, standing and ended permissions
-- count from their commit, whatever instant is asked about: an instant read before a revocation
-- must not outlive it. A vehicle the driver has no permission for is judged no further, so that
-- somebody else's vehicle answers exactly as one that does not exist.
CREATE FUNCTION registry.reasons_against(driver uuid, vehicle uuid, at timestamptz)
RETURNS text[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        WITH permitted AS (
            SELECT EXISTS (SELECT FROM registry.driver_vehicle p
                           WHERE p.driver_id = $1 AND p.vehicle_id = $2 AND p.ended_at IS NULL) AS yes
        ), stands AS (
            SELECT s.standing FROM registry.standing s
            WHERE s.driver_id = $1 ORDER BY s.sequence DESC LIMIT 1
        ), paper AS (
            SELECT c.* FROM registry.credential c WHERE c.driver_id = $1
            UNION ALL
            SELECT c.* FROM registry.credential c, permitted WHERE c.vehicle_id = $2 AND permitted.yes
        ), held AS (
            SELECT p.kind,
                   bool_or(w.credential_id IS NULL AND p.valid_from <= $3 AND $3 < p.valid_to) AS valid,
                   bool_or(w.credential_id IS NOT NULL AND $3 < p.valid_to) AS withdrawn,
                   bool_or(p.valid_to <= $3) AS expired
            FROM paper p LEFT JOIN registry.credential_withdrawal w USING (credential_id)
            GROUP BY p.kind
        ), reasons AS (
            SELECT 'driver_not_licensed' AS reason
            WHERE NOT EXISTS (SELECT FROM registry.driver d WHERE d.driver_id = $1)
            UNION ALL
            SELECT 'driver_suspended' WHERE (SELECT standing FROM stands) = 'suspended'
            UNION ALL
            SELECT 'driver_without_standing' WHERE NOT EXISTS (SELECT FROM stands)
            UNION ALL
            SELECT 'vehicle_not_permitted' WHERE $2 IS NOT NULL AND NOT (SELECT yes FROM permitted)
            UNION ALL
            SELECT r.kind || CASE WHEN held.withdrawn THEN '_withdrawn'
                                  WHEN held.expired THEN '_expired'
                                  ELSE '_missing' END
            FROM registry.required_credential r
            JOIN registry.credential_kind k USING (kind)
            LEFT JOIN held USING (kind)
            WHERE r.ended_at IS NULL AND r.required_from <= $3
              AND (k.subject = 'driver' OR (SELECT yes FROM permitted))
              AND NOT coalesce(held.valid, false)
        )
        SELECT coalesce(array_agg(reason ORDER BY reason), '{}') FROM reasons
    );
END $$;

-- The same, binding: the share locks hold until the caller's transaction ends, so that no change
-- of standing, papers or permission can commit between this answer and the acceptance it allows.
CREATE FUNCTION registry.unfit_reasons(driver uuid, vehicle uuid, at timestamptz)
RETURNS text[] LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM registry.driver d WHERE d.driver_id = $1 FOR SHARE;
    PERFORM 1 FROM registry.vehicle v WHERE v.vehicle_id = $2 FOR SHARE;
    -- A new statement, hence a new snapshot: what committed while we waited is seen.
    RETURN registry.reasons_against($1, $2, $3);
END $$;

-- The zones in which a driver may pick riders up at that instant; null where nothing limits them.
-- Of several licences each adds its zones, and one without zones allows all.
CREATE FUNCTION registry.zones_of(driver uuid, at timestamptz)
RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN bool_and(c.zones IS NOT NULL)
                THEN (SELECT array_agg(DISTINCT zone ORDER BY zone)
                      FROM registry.credential o CROSS JOIN unnest(o.zones) AS zone
                      WHERE o.driver_id = $1 AND o.kind = 'private_hire_licence'
                        AND o.valid_from <= $2 AND $2 < o.valid_to
                        AND NOT EXISTS (SELECT FROM registry.credential_withdrawal w
                                        WHERE w.credential_id = o.credential_id)) END
    FROM registry.credential c
    WHERE c.driver_id = $1 AND c.kind = 'private_hire_licence'
      AND c.valid_from <= $2 AND $2 < c.valid_to
      AND NOT EXISTS (SELECT FROM registry.credential_withdrawal w
                      WHERE w.credential_id = c.credential_id)
$$;
