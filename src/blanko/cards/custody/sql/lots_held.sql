SELECT lot, count(*) AS boxes FROM custody_box GROUP BY lot ORDER BY lot
