INSERT INTO registry_status (recorded_office, record_id, seq, from_status, to_status, since, kind, reason, event_id)
SELECT recorded_office, record_id, seq, from_status, to_status, since, kind, reason, %(event)s FROM registry_status_new;

UPDATE registry_record AS r
SET status = s.to_status, status_since = s.since, status_seq = s.seq,
    -- The rule is rules.standing: a card that was issued stays the last one issued, unless that was a mistake.
    issued_on = CASE WHEN s.to_status = 'CARD_ISSUED' THEN s.since
                     WHEN s.kind = 'correction' AND s.from_status = 'CARD_ISSUED' THEN NULL
                     ELSE r.issued_on END,
    event_id = %(event)s
FROM registry_status_new AS s
WHERE r.recorded_office = s.recorded_office AND r.record_id = s.record_id;

DROP TABLE IF EXISTS registry_touched;
CREATE TEMP TABLE registry_touched ON COMMIT DROP AS SELECT DISTINCT person_id FROM registry_status_new;
