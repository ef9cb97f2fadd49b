-- See `list`.
SELECT p.relname::text AS name, count(*) AS partitions, sum(pg_total_relation_size(i.inhrelid))::bigint AS bytes
FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid
WHERE p.relnamespace = 'public'::regnamespace AND p.relkind = 'p'
GROUP BY p.relname ORDER BY p.relname
