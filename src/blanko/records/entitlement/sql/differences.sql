-- Only what changed is written, so that a refresh without news costs no writes and leaves no event.
DROP TABLE IF EXISTS entitlement_changed;
CREATE TEMP TABLE entitlement_changed ON COMMIT DROP AS
SELECT d.* FROM entitlement_decided AS d
LEFT JOIN entitlement_claim AS c ON c.person_id = d.person_id
WHERE c.person_id IS NULL
   OR (c.recorded_office, c.record_id, c.regency, c.state, c.stage, c.cause, c.since, c.owed_from, c.blocks)
      <> (d.recorded_office, d.record_id, d.regency, d.state, d.stage, d.cause, d.since, d.owed_from, d.blocks)
   OR c.print_ready_since IS DISTINCT FROM d.print_ready_since;

DROP TABLE IF EXISTS entitlement_gone;
CREATE TEMP TABLE entitlement_gone ON COMMIT DROP AS
SELECT c.person_id FROM entitlement_claim AS c
WHERE (%(persons)s::bigint[] IS NULL OR c.person_id = ANY (%(persons)s::bigint[]))
  AND NOT EXISTS (SELECT FROM entitlement_decided AS d WHERE d.person_id = c.person_id);
