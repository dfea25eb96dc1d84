SELECT greatest((SELECT max(at) FROM custody_movement), (SELECT max(at) FROM custody_movement_phase))
