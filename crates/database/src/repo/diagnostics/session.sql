-- See `session`.
SELECT
    current_setting('server_version') AS server_version,
    current_setting('server_version_num')::integer AS server_version_num,
    current_setting('server_encoding') AS encoding,
    r.rolname::text AS "user",
    r.rolsuper AS is_superuser,
    r.rolbypassrls AS bypasses_rls,
    (SELECT s.version FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl) AS tls
FROM pg_roles r
WHERE r.rolname = current_user
