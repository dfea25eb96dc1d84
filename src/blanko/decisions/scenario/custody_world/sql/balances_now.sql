SELECT office, series, condition, quantity FROM custody_balance WHERE quantity <> 0
