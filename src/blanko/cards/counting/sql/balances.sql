-- The running balances of offices.
SELECT office, series, condition, quantity FROM custody_balance_now WHERE office = ANY (%(offices)s) AND quantity <> 0
