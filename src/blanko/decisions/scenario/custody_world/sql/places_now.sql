SELECT series, box_no, first, last, coalesce(office, movement), condition, sealed FROM custody_place
