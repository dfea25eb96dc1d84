SELECT series, box_no, first, last, sealed FROM custody_next_blanks(%(office)s, %(wanted)s)
