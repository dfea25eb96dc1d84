-- Choose again which record carries the card of each person in registry_touched. The rule is rules.lead_of.
DROP TABLE IF EXISTS registry_ranked;
CREATE TEMP TABLE registry_ranked ON COMMIT DROP AS
SELECT r.recorded_office, r.record_id, count(*) OVER (PARTITION BY r.person_id) AS cluster_size,
       row_number() OVER (PARTITION BY r.person_id ORDER BY r.closed, s.lead_rank, r.status_since, r.recorded_on,
                          r.recorded_office, r.record_id) = 1 AND NOT r.closed AS is_lead
FROM registry_record AS r
JOIN registry_touched AS t ON t.person_id = r.person_id
JOIN registry_status_name AS s ON s.status = r.status;

-- First the one that steps down: the database never sees two leads.
UPDATE registry_record AS r SET is_lead = false, cluster_size = k.cluster_size, event_id = %(event)s
FROM registry_ranked AS k
WHERE k.recorded_office = r.recorded_office AND k.record_id = r.record_id AND NOT k.is_lead AND (r.is_lead OR r.cluster_size <> k.cluster_size);

UPDATE registry_record AS r SET is_lead = true, cluster_size = k.cluster_size, event_id = %(event)s
FROM registry_ranked AS k
WHERE k.recorded_office = r.recorded_office AND k.record_id = r.record_id AND k.is_lead AND (NOT r.is_lead OR r.cluster_size <> k.cluster_size);
