SET LOCAL row_security = off;

DO $$
DECLARE
    followed record;
BEGIN
    FOR followed IN
        SELECT tgname, tgrelid::regclass AS target FROM pg_trigger
        WHERE tgfoid = ANY ('{scrapersky_internal.follow_places(),scrapersky_internal.follow_place_details(),
            scrapersky_internal.follow_new_domains(),scrapersky_internal.follow_domains(),scrapersky_internal.follow_sites(),
            scrapersky_internal.follow_suppressions()}'::regprocedure[])
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', followed.tgname, followed.target);
    END LOOP;
END
$$;
DROP FUNCTION scrapersky_internal.follow_places();
DROP FUNCTION scrapersky_internal.follow_place_details();
DROP FUNCTION scrapersky_internal.follow_new_domains();
DROP FUNCTION scrapersky_internal.follow_domains();
DROP FUNCTION scrapersky_internal.follow_sites();
DROP FUNCTION scrapersky_internal.follow_suppressions();
DROP FUNCTION refresh_leads(uuid[], uuid[]);
SELECT scrapersky_internal.set_aside_table('create_leads', 'score_points', 'the older shape has no scores');
SELECT scrapersky_internal.set_aside_table('create_leads', 'lead_changes', 'the older shape has no leads');
SELECT scrapersky_internal.set_aside_table('create_leads', 'leads', 'the older shape has no leads');
