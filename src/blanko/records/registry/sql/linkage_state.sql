-- Records that have keys and wait to be compared; records whose uniqueness the engine of fingerprints has not told, and
-- since when; pairs that linkage merged, and pairs for somebody to look at.
WITH waiting AS (
    SELECT count(*) AS records, min(status_since) AS since FROM registry_record
    WHERE status IN ('SENT_FOR_ENROLLMENT', 'RECEIVED_AT_CENTRAL', 'SEARCH_FAILURE_AT_CENTRAL')
)
SELECT (SELECT count(*) FROM registry_unlinked), waiting.records, waiting.since,
       (SELECT count(*) FROM registry_match WHERE decided = 'merged'),
       (SELECT count(*) FROM registry_match WHERE decided = 'review')
FROM waiting
