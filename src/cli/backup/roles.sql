-- Roles that grants and policies of others name; the program's own are made by secure().
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT jsonb_array_elements_text(current_setting('scrapersky.backup')::jsonb->'roles') LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            RAISE NOTICE 'the role % is new: nobody can log in as it', name;
        END IF;
    END LOOP;
END
$$;
