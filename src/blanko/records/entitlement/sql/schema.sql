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
