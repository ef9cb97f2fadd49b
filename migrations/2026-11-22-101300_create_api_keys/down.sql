DROP INDEX profiles_tenant_id_idx;
CREATE INDEX idx_profiles_tenant_id ON profiles (tenant_id);

SELECT scrapersky_internal.set_aside_rows('create_api_keys', 'down', 'api_keys',
    $$SELECT id::text AS key, 'the older shape has no keys' AS reason FROM api_keys$$);
DROP TABLE api_keys;

-- Only the row that `up` made, and only where nobody has taken it into use.
DELETE FROM tenants t
WHERE (id, name, description, created_at, updated_at) =
      ('550e8400-e29b-41d4-a716-446655440000', 'Default', 'The historic default tenant', '2026-11-22 00:00+00', '2026-11-22 00:00+00')
  AND NOT EXISTS (SELECT FROM profiles p WHERE p.tenant_id = t.id)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = 'tenants'::regclass AND conrelid <> 'profiles'::regclass);
