-- The leaf hashes of the staged facts: the canonical bytes of audit (JSON, keys sorted, no spaces).
SELECT sha256('\x00'::bytea || convert_to('["registry_record_link",{"cause":' || to_json(cause)
    || ',"person_id":' || person_id || ',"record_id":' || to_json(record_id)
    || ',"recorded_office":' || to_json(recorded_office) || ',"seq":' || seq || '}]', 'UTF8'))
FROM registry_link_new
UNION ALL
SELECT sha256('\x00'::bytea || convert_to('["registry_person_merge",{"cause":' || to_json(cause)
    || ',"person_id":' || person_id || ',"reason":' || to_json(reason) || ',"survivor":' || survivor || '}]', 'UTF8'))
FROM registry_merge_new
UNION ALL
SELECT sha256('\x00'::bytea || convert_to('["registry_person_split",{"becomes":' || becomes || ',"cause":' || to_json(cause)
    || ',"person_id":' || person_id || ',"reason":' || to_json(reason) || ',"split_from":' || split_from || '}]', 'UTF8'))
FROM registry_split_new
