SELECT audit_guard('places_list_load');
