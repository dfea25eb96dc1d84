DELETE FROM entitlement_claim WHERE person_id IN (SELECT person_id FROM entitlement_gone);

INSERT INTO entitlement_claim AS c (person_id, recorded_office, record_id, regency, state, stage, cause, since, owed_from,
    print_ready_since, blocks, deceased, event_id)
SELECT person_id, recorded_office, record_id, regency, state, stage, cause, since, owed_from, print_ready_since, blocks,
    deceased, %(event)s
FROM entitlement_changed
ON CONFLICT (person_id) DO UPDATE SET
    recorded_office = excluded.recorded_office, record_id = excluded.record_id, regency = excluded.regency,
    state = excluded.state, stage = excluded.stage, cause = excluded.cause, since = excluded.since,
    owed_from = excluded.owed_from, print_ready_since = excluded.print_ready_since, blocks = excluded.blocks,
    deceased = excluded.deceased, event_id = excluded.event_id;
