-- What each office still claims from earlier rounds: as the last round that left the warehouse says.
SELECT s.regency, s.claim_left, s.claim_left_since
FROM planning_share AS s
WHERE s.claim_left > 0 AND s.round_no = (
    SELECT round_no FROM planning_round_step WHERE step = 'committed' ORDER BY id DESC LIMIT 1
)
