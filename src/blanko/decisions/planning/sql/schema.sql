SELECT audit_guard('planning_deadline');
SELECT audit_guard('planning_round');
SELECT audit_guard('planning_round_step');
SELECT audit_guard('planning_share');
SELECT audit_guard('planning_stage_effect');
SELECT audit_guard('planning_override');
SELECT audit_guard('planning_demand_overrule');
SELECT audit_guard('planning_objection');
SELECT audit_guard('planning_dispatch_list');

-- The registry and a stated count are two sources. A share names one of them, and an unknown need is no need that anybody counted.
ALTER TABLE planning_share ADD CONSTRAINT planning_share_one_source CHECK (
    CASE need_source
        WHEN 'unknown' THEN need = 0 AND print_ready = 0 AND counted_on IS NULL
        WHEN 'registry' THEN printed_since = 0 AND need = print_ready AND counted_on IS NOT NULL
        ELSE need = print_ready - printed_since AND counted_on IS NOT NULL AND source <> ''
    END
);
