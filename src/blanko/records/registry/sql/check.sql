-- Records that share a key, at most so many of each key, with what is compared of them: one round trip.
SELECT w.key, c.rec, k.recorded_office, k.record_id, k.packed
FROM unnest(%(keys)s::bigint[]) AS w (key)
CROSS JOIN LATERAL (SELECT x.rec FROM registry_key AS x WHERE x.key = w.key LIMIT %(most)s) AS c
JOIN registry_keyed AS k ON k.rec = c.rec
