SET LOCAL row_security = off;

SELECT scrapersky_internal.set_aside_table('create_accounts', t::regclass, 'the older shape has no such table')
FROM unnest('{audit_log,idempotency_keys,scan_days,rate_windows,tenant_limits,sessions,api_keys}'::text[]) t;

-- Only the row that `up` made, and only where nobody uses it.
DELETE FROM tenants t
WHERE (id, name, description, created_at, updated_at) =
      ('550e8400-e29b-41d4-a716-446655440000', 'Default', 'The historic default tenant', '2026-11-22 00:00+00', '2026-11-22 00:00+00')
  AND NOT EXISTS (SELECT FROM profiles p WHERE p.tenant_id = t.id)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = 'tenants'::regclass AND conrelid <> 'profiles'::regclass);
