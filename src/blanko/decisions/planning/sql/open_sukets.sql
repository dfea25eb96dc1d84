-- Persons who hold a suket that counts on a day, by regency.
SELECT regency, sum(holders) FROM suket_open(%(day)s) GROUP BY regency
