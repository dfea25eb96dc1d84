DELETE FROM suket_live WHERE number = ANY (%(numbers)s)
