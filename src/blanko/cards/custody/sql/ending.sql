SELECT phase, by, at, reason, event_id FROM custody_movement_phase WHERE movement = %(movement)s AND NOT is_begin
