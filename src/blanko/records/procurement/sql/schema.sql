SELECT audit_guard(t) FROM unnest(ARRAY[
    'procurement_tender', 'procurement_contract', 'procurement_delivery', 'procurement_lot', 'procurement_lot_stage',
    'procurement_acceptance', 'procurement_rejected_box']::regclass[]) AS t;

ALTER TABLE procurement_contract ADD FOREIGN KEY (tender_no) REFERENCES procurement_tender;
ALTER TABLE procurement_delivery ADD FOREIGN KEY (contract_no) REFERENCES procurement_contract;
ALTER TABLE procurement_lot ADD FOREIGN KEY (contract_no) REFERENCES procurement_contract;
ALTER TABLE procurement_lot ADD FOREIGN KEY (contract_no, delivery_no)
    REFERENCES procurement_delivery (contract_no, delivery_no);
ALTER TABLE procurement_lot_stage ADD FOREIGN KEY (lot_no) REFERENCES procurement_lot;
ALTER TABLE procurement_acceptance ADD FOREIGN KEY (lot_no) REFERENCES procurement_lot;
ALTER TABLE procurement_rejected_box ADD FOREIGN KEY (lot_no) REFERENCES procurement_lot;

-- No two lots share a box of a series.
ALTER TABLE procurement_lot ADD CONSTRAINT procurement_lot_boxes_once
    EXCLUDE USING gist (series WITH =, int4range(first_box, first_box + box_count) WITH &&);

-- The table NEEDS of rules.py; a test shows that they are equal.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON procurement_stage_needs FROM blanko_app;
INSERT INTO procurement_stage_needs (stage, needs) VALUES
    ('ordered', ''),
    ('chips_made_abroad', 'ordered'),
    ('chips_arrived', 'chips_made_abroad'),
    ('body_made_home', 'ordered'),
    ('printed_and_tested', 'chips_arrived'),
    ('printed_and_tested', 'body_made_home'),
    ('shipped', 'printed_and_tested'),
    ('arrived', 'shipped'),
    ('released', 'arrived'),
    ('accepted', 'released');

SELECT audit_guard('procurement_amendment');
ALTER TABLE procurement_amendment ADD FOREIGN KEY (contract_no) REFERENCES procurement_contract;

-- What a contract is now: its newest addendum, or what was signed; and which version its schedule and prices are of.
CREATE FUNCTION procurement_terms_now(
    of_contract text, OUT version integer, OUT quantity bigint, OUT ends_on date, OUT schedule integer, OUT prices integer
) LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT v.version, v.quantity, v.ends_on,
           coalesce((SELECT max(a.version) FROM procurement_amendment AS a
                     WHERE a.contract_no = of_contract AND a.new_schedule), 1),
           coalesce((SELECT max(a.version) FROM procurement_amendment AS a
                     WHERE a.contract_no = of_contract AND a.new_prices), 1)
    FROM (SELECT 1 AS version, c.quantity, c.ends_on FROM procurement_contract AS c WHERE c.contract_no = of_contract
          UNION ALL
          SELECT a.version, a.quantity, a.ends_on FROM procurement_amendment AS a WHERE a.contract_no = of_contract) AS v
    ORDER BY v.version DESC LIMIT 1
$$;

-- The sums are checked under a lock on the contract: two lots announced at once cannot both fit into the rest.
-- SECURITY DEFINER, because the app may not lock what it may not change.
CREATE FUNCTION procurement_within_contract() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    bought bigint;
    promised bigint;
BEGIN
    PERFORM FROM procurement_contract WHERE contract_no = NEW.contract_no FOR UPDATE;
    SELECT now.quantity INTO bought FROM procurement_terms_now(NEW.contract_no) AS now;
    IF TG_TABLE_NAME = 'procurement_lot' THEN
        SELECT sum(box_count::bigint * box_size) INTO promised FROM procurement_lot WHERE contract_no = NEW.contract_no;
    ELSE
        SELECT sum(quantity) INTO promised FROM procurement_delivery
        WHERE contract_no = NEW.contract_no AND version = NEW.version;
    END IF;
    IF promised > bought THEN
        RAISE EXCEPTION 'contract % buys % blanks, and % would be %', NEW.contract_no, bought,
            CASE TG_TABLE_NAME WHEN 'procurement_lot' THEN 'its lots' ELSE 'its deliveries' END, promised
            USING ERRCODE = 'BL201', HINT = 'announce at most what is left of the contract';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_lot_within_contract AFTER INSERT ON procurement_lot
    FOR EACH ROW EXECUTE FUNCTION procurement_within_contract();
CREATE TRIGGER procurement_delivery_within_contract AFTER INSERT ON procurement_delivery
    FOR EACH ROW EXECUTE FUNCTION procurement_within_contract();

CREATE FUNCTION procurement_stage_follows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    wanted text;
BEGIN
    SELECT n.needs INTO wanted
    FROM procurement_stage_needs AS n
    LEFT JOIN procurement_lot_stage AS before
        ON before.lot_no = NEW.lot_no AND before.stage = n.needs AND before.reached_on <= NEW.reached_on
    WHERE n.stage = NEW.stage AND n.needs <> '' AND before.lot_no IS NULL
    ORDER BY n.needs LIMIT 1;
    IF FOUND OR NOT EXISTS (SELECT FROM procurement_stage_needs WHERE stage = NEW.stage) THEN
        RAISE EXCEPTION 'lot %: % on % needs % first', NEW.lot_no, NEW.stage, NEW.reached_on,
            coalesce(wanted, 'a name that the table of stages knows')
            USING ERRCODE = 'BL202', HINT = 'report the stages in the order of procurement_stage_needs';
    END IF;
    IF NEW.stage = 'accepted' AND NOT EXISTS (SELECT FROM procurement_acceptance WHERE lot_no = NEW.lot_no) THEN
        RAISE EXCEPTION 'lot % has no record of acceptance', NEW.lot_no
            USING ERRCODE = 'BL202', HINT = 'accept the lot with its BAST';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_lot_stage_follows AFTER INSERT ON procurement_lot_stage
    FOR EACH ROW EXECUTE FUNCTION procurement_stage_follows();

CREATE FUNCTION procurement_acceptance_is_whole() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    announced procurement_lot;
BEGIN
    SELECT * INTO announced FROM procurement_lot WHERE lot_no = NEW.lot_no;
    IF NOT EXISTS (SELECT FROM procurement_lot_stage
                   WHERE lot_no = NEW.lot_no AND stage = 'released' AND reached_on <= NEW.accepted_on) THEN
        RAISE EXCEPTION 'lot % is not released on %', NEW.lot_no, NEW.accepted_on
            USING ERRCODE = 'BL203', HINT = 'customs and payment come first';
    END IF;
    IF NEW.accepted_boxes + NEW.rejected_boxes <> announced.box_count
        OR NEW.rejected_boxes <> (
            SELECT count(*) FROM procurement_rejected_box
            WHERE lot_no = NEW.lot_no
              AND box_no >= announced.first_box AND box_no < announced.first_box + announced.box_count)
        OR NEW.rejected_boxes <> (SELECT count(*) FROM procurement_rejected_box WHERE lot_no = NEW.lot_no) THEN
        RAISE EXCEPTION 'lot %: accepted and rejected boxes are not the % boxes of the lot', NEW.lot_no,
            announced.box_count
            USING ERRCODE = 'BL204', HINT = 'name each rejected box of the lot once';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_acceptance_whole AFTER INSERT ON procurement_acceptance
    FOR EACH ROW EXECUTE FUNCTION procurement_acceptance_is_whole();

-- After the acceptance nobody can reject another box by a side door.
CREATE FUNCTION procurement_rejection_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM added JOIN procurement_acceptance USING (lot_no)) THEN
        RAISE EXCEPTION 'the lot is accepted already'
            USING ERRCODE = 'BL204', HINT = 'a box found bad later is spoiled in custody';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_rejection_in_time AFTER INSERT ON procurement_rejected_box REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION procurement_rejection_in_time();

SELECT audit_guard(t) FROM unnest(ARRAY[
    'procurement_price_break', 'procurement_payment', 'procurement_material_part', 'procurement_notice_file',
    'procurement_notice']::regclass[]) AS t;

ALTER TABLE procurement_price_break ADD FOREIGN KEY (contract_no) REFERENCES procurement_contract;
ALTER TABLE procurement_payment ADD FOREIGN KEY (lot_no) REFERENCES procurement_lot;
ALTER TABLE procurement_material_part ADD FOREIGN KEY (contract_no) REFERENCES procurement_contract;
ALTER TABLE procurement_notice ADD FOREIGN KEY (sha256) REFERENCES procurement_notice_file;
CREATE INDEX ON procurement_payment (lot_no);

-- Nobody signs for a tender that failed, or while others may still object.
CREATE FUNCTION procurement_contract_may_be_signed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    basis procurement_tender;
BEGIN
    SELECT * INTO basis FROM procurement_tender WHERE tender_no = NEW.tender_no;
    IF basis.outcome = 'failed' THEN
        RAISE EXCEPTION 'tender % failed', NEW.tender_no
            USING ERRCODE = 'BL211', HINT = 'name the tender that was awarded';
    END IF;
    IF NEW.signed_on <= basis.objection_until THEN
        RAISE EXCEPTION 'objections to tender % are open until %', NEW.tender_no, basis.objection_until
            USING ERRCODE = 'BL210', HINT = 'sign on a later day';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_contract_may_be_signed AFTER INSERT ON procurement_contract
    FOR EACH ROW EXECUTE FUNCTION procurement_contract_may_be_signed();

CREATE FUNCTION procurement_delivery_in_contract() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    signed date;
    now record;
BEGIN
    SELECT signed_on INTO signed FROM procurement_contract WHERE contract_no = NEW.contract_no;
    SELECT * INTO now FROM procurement_terms_now(NEW.contract_no);
    IF NEW.due_on < signed OR NEW.due_on > now.ends_on THEN
        RAISE EXCEPTION 'a delivery of contract % is due on %', NEW.contract_no, NEW.due_on
            USING ERRCODE = 'BL212', HINT = 'give a day from its signature to its end';
    END IF;
    IF NEW.version <> now.schedule THEN
        RAISE EXCEPTION 'the schedule of contract % is that of version %', NEW.contract_no, now.schedule
            USING ERRCODE = 'BL213', HINT = 'plan deliveries in the version that stands';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_delivery_in_contract AFTER INSERT ON procurement_delivery
    FOR EACH ROW EXECUTE FUNCTION procurement_delivery_in_contract();

CREATE FUNCTION procurement_price_of_newest() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.version <> (SELECT now.prices FROM procurement_terms_now(NEW.contract_no) AS now) THEN
        RAISE EXCEPTION 'version % of contract % has no prices of its own', NEW.version, NEW.contract_no
            USING ERRCODE = 'BL213', HINT = 'agree prices in the version that stands';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_price_of_newest AFTER INSERT ON procurement_price_break
    FOR EACH ROW EXECUTE FUNCTION procurement_price_of_newest();

-- An addendum follows what stands, and takes back nothing that is announced or planned. Under the contract's lock.
CREATE FUNCTION procurement_amendment_follows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    signed date;
    newest record;
    announced bigint;
    planned record;
BEGIN
    SELECT signed_on INTO signed FROM procurement_contract WHERE contract_no = NEW.contract_no FOR UPDATE;
    SELECT max(version) AS version, max(from_date) AS from_date INTO newest FROM procurement_amendment
    WHERE contract_no = NEW.contract_no AND version <> NEW.version;
    IF NEW.version <> coalesce(newest.version, 1) + 1 OR NEW.from_date <= coalesce(newest.from_date, signed) THEN
        RAISE EXCEPTION 'version % of contract % from % does not follow the one before', NEW.version, NEW.contract_no,
            NEW.from_date USING ERRCODE = 'BL213', HINT = 'give a later day than that of the version before';
    END IF;
    SELECT sum(box_count::bigint * box_size) INTO announced FROM procurement_lot WHERE contract_no = NEW.contract_no;
    IF announced > NEW.quantity THEN
        RAISE EXCEPTION 'contract % would buy % blanks, and % are announced', NEW.contract_no, NEW.quantity, announced
            USING ERRCODE = 'BL201', HINT = 'buy at least what is announced already';
    END IF;
    SELECT sum(quantity) AS blanks, max(due_on) AS last INTO planned FROM procurement_delivery
    WHERE contract_no = NEW.contract_no
        AND version = (SELECT now.schedule FROM procurement_terms_now(NEW.contract_no) AS now);
    IF NOT NEW.new_schedule AND (planned.blanks > NEW.quantity OR planned.last > NEW.ends_on) THEN
        RAISE EXCEPTION 'contract % has % blanks planned until %', NEW.contract_no, planned.blanks, planned.last
            USING ERRCODE = 'BL214', HINT = 'give the new schedule with the addendum';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_amendment_follows AFTER INSERT ON procurement_amendment
    FOR EACH ROW EXECUTE FUNCTION procurement_amendment_follows();

-- A lot without a schedule could be neither late nor short.
CREATE FUNCTION procurement_lot_is_scheduled() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM procurement_delivery WHERE contract_no = NEW.contract_no) THEN
        RAISE EXCEPTION 'contract % has no schedule of deliveries', NEW.contract_no
            USING ERRCODE = 'BL209', HINT = 'schedule its deliveries first';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_lot_is_scheduled AFTER INSERT ON procurement_lot
    FOR EACH ROW EXECUTE FUNCTION procurement_lot_is_scheduled();

-- Only accepted blanks are paid, once. The sum is checked under a lock on the acceptance: two payments at once cannot
-- both fit into the rest. SECURITY DEFINER, because the app may not lock what it may not change.
CREATE FUNCTION procurement_paid_is_accepted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    taken procurement_acceptance;
    bought procurement_lot;
    paid bigint;
BEGIN
    SELECT * INTO taken FROM procurement_acceptance WHERE lot_no = NEW.lot_no FOR UPDATE;
    IF NOT FOUND OR taken.accepted_on > NEW.paid_on THEN
        RAISE EXCEPTION 'lot % is not accepted on %', NEW.lot_no, NEW.paid_on
            USING ERRCODE = 'BL206', HINT = 'accept the lot with its BAST first';
    END IF;
    SELECT * INTO bought FROM procurement_lot WHERE lot_no = NEW.lot_no;
    SELECT sum(quantity) INTO paid FROM procurement_payment WHERE lot_no = NEW.lot_no;
    IF paid > taken.accepted_boxes::bigint * bought.box_size THEN
        RAISE EXCEPTION 'lot % has % accepted blanks, and % would be paid', NEW.lot_no,
            taken.accepted_boxes::bigint * bought.box_size, paid
            USING ERRCODE = 'BL205', HINT = 'pay at most what was accepted and is not paid';
    END IF;
    IF NEW.unit_price_idr <> bought.unit_price_idr THEN
        RAISE EXCEPTION 'a blank of lot % costs Rp %, not Rp %', NEW.lot_no, bought.unit_price_idr, NEW.unit_price_idr
            USING ERRCODE = 'BL207', HINT = 'pay at the price of the lot';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER procurement_paid_is_accepted AFTER INSERT ON procurement_payment
    FOR EACH ROW EXECUTE FUNCTION procurement_paid_is_accepted();

-- A part is stored after all that it needs: so no circle of parts can ever be stored. Asked before each row, because
-- afterwards the later rows of the same statement would be there too.
CREATE FUNCTION procurement_material_follows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    wanted text;
BEGIN
    SELECT n INTO wanted FROM unnest(NEW.needs) AS n
    WHERE NOT EXISTS (SELECT FROM procurement_material_part AS p WHERE p.contract_no = NEW.contract_no AND p.part = n)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'part % needs %, which is not stored', NEW.part, wanted
            USING ERRCODE = 'BL208', HINT = 'store each part after what it needs';
    END IF;
    IF NOT EXISTS (SELECT FROM procurement_stage_needs WHERE stage = NEW.stage) THEN
        RAISE EXCEPTION 'there is no stage %', NEW.stage
            USING ERRCODE = 'BL208', HINT = 'use a stage of procurement_stage_needs';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER procurement_material_follows BEFORE INSERT ON procurement_material_part
    FOR EACH ROW EXECUTE FUNCTION procurement_material_follows();

SELECT audit_guard('procurement_service');
ALTER TABLE procurement_service ADD FOREIGN KEY (follows) REFERENCES procurement_service;
