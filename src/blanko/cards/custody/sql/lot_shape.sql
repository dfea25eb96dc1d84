SELECT lot_no, series, first_box, box_count, box_size FROM procurement_lot_now WHERE lot_no = %(lot_no)s
