-- The leaf hashes of the staged facts: the canonical bytes of audit (JSON, keys sorted, no spaces), made where the rows
-- are, because a round through Python would cost more than the work itself. A test reads them back through audit.verify.
SELECT sha256('\x00'::bytea || convert_to('["registry_record_link",{"cause":' || to_json(cause)
    || ',"person_id":' || person_id || ',"record_id":' || to_json(record_id)
    || ',"recorded_office":' || to_json(recorded_office) || ',"seq":' || seq || '}]', 'UTF8'))
FROM registry_link_new
UNION ALL
SELECT sha256('\x00'::bytea || convert_to('["registry_person_merge",{"cause":' || to_json(cause)
    || ',"person_id":' || person_id || ',"reason":"","survivor":' || survivor || '}]', 'UTF8'))
FROM registry_merge_new
UNION ALL
SELECT sha256('\x00'::bytea || convert_to('["registry_status_conflict",{"held_since":"' || held_since
    || '","held_status":' || to_json(held_status) || ',"record_id":' || to_json(record_id)
    || ',"recorded_office":' || to_json(recorded_office) || ',"shown_since":"' || shown_since
    || '","shown_status":' || to_json(shown_status) || ',"version":' || version || '}]', 'UTF8'))
FROM registry_conflict_new
UNION ALL
