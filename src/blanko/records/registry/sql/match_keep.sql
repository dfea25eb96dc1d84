-- Pairs as they are decided now. They are told by their records' keys, which outlive numbers.
INSERT INTO registry_match
    (left_office, left_id, right_office, right_id, weight, pattern, decided, reason, model, event_id)
SELECT l.recorded_office, l.record_id, r.recorded_office, r.record_id, k.weight, k.pattern, k.decided, k.reason,
       %(model)s, %(event)s
FROM unnest(%(ones)s::bigint[], %(others)s::bigint[], %(weights)s::float8[], %(patterns)s::bigint[], %(decided)s::text[],
            %(reasons)s::text[]) AS k (one, other, weight, pattern, decided, reason)
JOIN registry_keyed AS l ON l.rec = k.one
JOIN registry_keyed AS r ON r.rec = k.other
ORDER BY 1, 2, 3, 4
ON CONFLICT (left_office, left_id, right_office, right_id) DO UPDATE
SET weight = excluded.weight, pattern = excluded.pattern, decided = excluded.decided, reason = excluded.reason,
    model = excluded.model, event_id = excluded.event_id
