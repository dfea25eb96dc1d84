SELECT count(*), count(*) FILTER (WHERE m.quantity IS DISTINCT FROM l.quantity)
FROM custody_movement AS m
LEFT JOIN (SELECT movement, sum(last - first + 1) AS quantity FROM custody_movement_line GROUP BY movement) AS l
    USING (movement)
