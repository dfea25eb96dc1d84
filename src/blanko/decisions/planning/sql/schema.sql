SELECT audit_guard('planning_deadline');
SELECT audit_guard('planning_round');
SELECT audit_guard('planning_round_step');
SELECT audit_guard('planning_share');
SELECT audit_guard('planning_stage_effect');
SELECT audit_guard('planning_override');
SELECT audit_guard('planning_demand_overrule');
SELECT audit_guard('planning_objection');
SELECT audit_guard('planning_dispatch_list');
SELECT audit_guard('planning_rule_adoption');
SELECT audit_guard('planning_deferral');
SELECT audit_guard('planning_collection');
SELECT audit_guard('planning_route');
SELECT audit_guard('planning_proposed_loan');

-- The registry and a stated count are two sources. A share names one of them, and an unknown need is no need that anybody counted.
ALTER TABLE planning_share ADD CONSTRAINT planning_share_one_source CHECK (
    CASE need_source
        WHEN 'unknown' THEN need = 0 AND print_ready = 0 AND counted_on IS NULL
        WHEN 'registry' THEN printed_since = 0 AND need = print_ready AND counted_on IS NOT NULL
        ELSE need = print_ready - printed_since AND counted_on IS NOT NULL AND source <> ''
    END
);

-- A review names the version's real author, so that "another person" cannot be got round by naming somebody else.
ALTER TABLE planning_round_step ADD CONSTRAINT planning_round_step_names_author
    FOREIGN KEY (round_no, author) REFERENCES planning_round (number, author);

ALTER TABLE planning_proposed_loan ADD CONSTRAINT planning_proposed_loan_in_province CHECK (left(lender, 2) = left(borrower, 2));

-- Nothing leaves by a version that its author alone has seen, and what was reviewed is what leaves.
CREATE FUNCTION planning_commit_needs_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.step = 'committed' AND NOT EXISTS (
        SELECT 1 FROM planning_round_step WHERE round_no = NEW.round_no AND step = 'reviewed'
    ) THEN
        RAISE EXCEPTION 'round % was reviewed by nobody', NEW.round_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'planning_commit_needs_review';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER planning_commit_needs_review BEFORE INSERT ON planning_round_step
    FOR EACH ROW EXECUTE FUNCTION planning_commit_needs_review();

CREATE FUNCTION planning_override_before_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM planning_round_step WHERE round_no = NEW.round_no AND step <> 'draft') THEN
        RAISE EXCEPTION 'round % is no draft any more', NEW.round_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'planning_override_before_review';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER planning_override_before_review BEFORE INSERT ON planning_override
    FOR EACH ROW EXECUTE FUNCTION planning_override_before_review();
