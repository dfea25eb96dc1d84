SELECT sha256('\x00'::bytea || convert_to('["registry_status",{"from_status":' || to_json(from_status)
    || ',"kind":' || to_json(kind) || ',"reason":' || to_json(reason) || ',"record_id":' || to_json(record_id)
    || ',"recorded_office":' || to_json(recorded_office) || ',"seq":' || seq || ',"since":"' || since
    || '","to_status":' || to_json(to_status) || '}]', 'UTF8'))
FROM registry_status_new
