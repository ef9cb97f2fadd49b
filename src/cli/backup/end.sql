SELECT scrapersky_internal.secure();
DO $$
DECLARE
    lost text;
BEGIN
    SELECT string_agg(what, ', ') INTO lost FROM scrapersky_internal.safeguards() WHERE NOT holds;
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION 'tenants would not be isolated, this is missing: %', lost;
    END IF;
END
$$;
ANALYZE;
COMMIT;
