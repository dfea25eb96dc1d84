-- What each office asks to put off of its next share: its newest wish by a day that no round has answered yet. A round in which
-- it had no share to put off answers nothing.
SELECT DISTINCT ON (d.regency) d.regency, d.blanks, d.sequence
FROM planning_deferral AS d
WHERE d.since <= %(as_of)s AND d.sequence > coalesce((
    SELECT max(s.wish_no)
    FROM planning_share AS s
    JOIN planning_round_step AS ended ON ended.round_no = s.round_no AND ended.step = 'committed'
    WHERE s.regency = d.regency AND s.binding <> 'not_in_stage' AND s.share + s.deferred > 0
), 0)
ORDER BY d.regency, d.sequence DESC
