SELECT office, series, condition, sum(quantity)::bigint AS quantity FROM custody_balance
GROUP BY office, series, condition HAVING sum(quantity) <> 0
