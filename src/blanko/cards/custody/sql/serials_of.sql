SELECT u.uid, b.series, u.box_no, u.position
FROM custody_uid AS u
JOIN custody_uid_part AS p ON p.number = u.part
JOIN custody_manifest_box AS b ON b.lot_no = p.lot_no AND b.box_no = u.box_no
WHERE u.uid = ANY (%(uids)s::bigint[])
