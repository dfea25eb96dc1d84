-- The adopted model, and records that share a key, at most so many of each key, with what is compared of them: one round
-- trip. Without any, one row that names the model.
SELECT m.sha256, c.key, c.rec, c.recorded_office, c.record_id, c.packed
FROM (SELECT sha256 FROM registry_linkage_model ORDER BY version DESC LIMIT 1) AS m
LEFT JOIN LATERAL (
    SELECT w.key, x.rec, k.recorded_office, k.record_id, k.packed
    FROM unnest(%(keys)s::bigint[]) AS w (key)
    CROSS JOIN LATERAL (SELECT y.rec FROM registry_key AS y WHERE y.key = w.key LIMIT %(most)s) AS x
    JOIN registry_keyed AS k ON k.rec = x.rec
) AS c ON true
