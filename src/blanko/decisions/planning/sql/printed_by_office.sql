SELECT office, sum(last - first + 1) FROM custody_place WHERE condition IN ('personalised', 'issued') GROUP BY office
