-- Pairs that no key makes any more, given by their records' numbers.
DELETE FROM registry_match AS m
USING unnest(%(ones)s::bigint[], %(others)s::bigint[]) AS d (one, other)
JOIN registry_keyed AS l ON l.rec = d.one
JOIN registry_keyed AS r ON r.rec = d.other
WHERE m.left_office = l.recorded_office AND m.left_id = l.record_id
  AND m.right_office = r.recorded_office AND m.right_id = r.record_id
