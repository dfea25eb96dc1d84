-- Every person to whom a card is owed, with what blocks it. state = 'print_ready' is what a blank can clear.
CREATE VIEW entitlement_card_owed WITH (security_invoker = true) AS
SELECT person_id, recorded_office, record_id, regency, state, stage, cause, since, owed_from, print_ready_since, blocks,
       deceased
FROM entitlement_claim;

-- Leading records of some persons with what was applied for, and the day on which all claims stand: what one needs to
-- decide their claims by the rule. Shared lock: many do so side by side; a refresh of all waits for them, and they for it.
CREATE FUNCTION entitlement_gather(persons bigint[]) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    found jsonb[] := '{}';
    lead record;
    one bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(42018);
    FOREACH one IN ARRAY persons LOOP
        SELECT r.person_id, r.recorded_office, r.record_id, r.regency, r.status, r.status_since, r.issued_on, r.birth_date,
               coalesce(r.recorded_on, r.status_since) AS recorded_on, r.marital_status, r.died_on, r.nik, r.cluster_size,
               CASE WHEN EXISTS (SELECT FROM registry_pair_open AS p
                                 WHERE p.later_office = r.recorded_office AND p.later_id = r.record_id
                                   AND ((p.left_office = r.recorded_office AND p.left_id = r.record_id)
                                        OR (p.right_office = r.recorded_office AND p.right_id = r.record_id)))
                    THEN r.warnings || ARRAY['possible_double'] ELSE r.warnings END AS warnings
        INTO lead FROM registry_record_current AS r WHERE r.person_id = one AND r.is_lead;
        found := array_append(found, to_jsonb(lead) || jsonb_build_object(
            'applications', (SELECT jsonb_agg(jsonb_build_array(a.cause, a.applied_on, a.event_date))
                             FROM intake_application_latest AS a WHERE a.nik = lead.nik)));
    END LOOP;
    RETURN jsonb_build_object('as_of', (SELECT as_of FROM entitlement_claim_day), 'records', to_jsonb(found));
END
$$;

-- Writes claims that were decided one by one, in one round trip. A person without a claim is owed nothing.
CREATE FUNCTION entitlement_keep(claims jsonb, gone bigint[], of_event bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM entitlement_claim WHERE person_id = ANY (gone);
    INSERT INTO entitlement_claim AS c (person_id, recorded_office, record_id, regency, state, stage, cause, since, owed_from,
        print_ready_since, blocks, deceased, event_id)
    SELECT person_id, recorded_office, record_id, regency, state, stage, cause, since, owed_from, print_ready_since, blocks,
        deceased, of_event
    FROM jsonb_to_recordset(claims) AS j (person_id bigint, recorded_office text, record_id text, regency text, state text,
        stage text, cause text, since date, owed_from date, print_ready_since date, blocks text[], deceased boolean)
    ORDER BY person_id
    ON CONFLICT (person_id) DO UPDATE SET
        recorded_office = excluded.recorded_office, record_id = excluded.record_id, regency = excluded.regency,
        state = excluded.state, stage = excluded.stage, cause = excluded.cause, since = excluded.since,
        owed_from = excluded.owed_from, print_ready_since = excluded.print_ready_since, blocks = excluded.blocks,
        deceased = excluded.deceased, event_id = excluded.event_id;
END
$$;
