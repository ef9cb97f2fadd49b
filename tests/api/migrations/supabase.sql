-- What Supabase and its other tables add to the old system.
INSERT INTO tenants (id, name) VALUES ('550e8400-e29b-41d4-a716-446655440000', 'Default Tenant');
ALTER TABLE sitemap_files ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
ALTER TABLE sitemap_urls ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
CREATE TABLE roles (id serial PRIMARY KEY, name text);
INSERT INTO roles (name) VALUES ('owner');
UPDATE profiles SET role_id = CASE WHEN role IS NULL THEN 1 END;
CREATE TABLE local_businesses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid, name text, status task_status);
INSERT INTO local_businesses (id) SELECT md5('business' || i)::uuid FROM generate_series(1, 3) i;
UPDATE domains SET local_business_id = CASE WHEN page_count IS NULL THEN md5('business1')::uuid END;
CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), page_id uuid REFERENCES pages (id), domain_id uuid REFERENCES domains (id),
                    assignee uuid REFERENCES profiles (id));
CREATE TABLE user_tenants (user_id uuid REFERENCES profiles (id), tenant_id uuid REFERENCES tenants (id) ON DELETE CASCADE,
                           page_id uuid REFERENCES pages (id), PRIMARY KEY (user_id, tenant_id));
CREATE TRIGGER touch BEFORE UPDATE ON local_businesses FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
-- Pages that are one of two rows and have their domain's tenant.
INSERT INTO tasks (page_id, domain_id, assignee)
    SELECT p.id, p.domain_id, md5('profile1')::uuid FROM pages p JOIN domains d ON d.id = p.domain_id AND d.tenant_id = p.tenant_id
    ORDER BY p.id LIMIT 40;
INSERT INTO user_tenants SELECT md5('profile' || i)::uuid, '550e8400-e29b-41d4-a716-446655440000' FROM generate_series(1, 5) i;
UPDATE sitemap_files SET user_id = NULL, created_by = NULL, updated_by = md5('profile2')::uuid;
UPDATE sitemap_urls SET user_id = md5('profile1')::uuid, created_by = NULL, updated_by = NULL;
ALTER TABLE profiles ADD CONSTRAINT profiles_id_fkey FOREIGN KEY (id) REFERENCES auth.users (id) ON DELETE CASCADE,
                     ADD CONSTRAINT profiles_role_id_fkey FOREIGN KEY (role_id) REFERENCES roles (id);
ALTER TABLE domains ADD CONSTRAINT fk_domains_local_business FOREIGN KEY (local_business_id) REFERENCES local_businesses (id)
                     ON UPDATE CASCADE ON DELETE SET NULL;
ALTER TABLE sitemap_files ADD CONSTRAINT sitemap_files_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id),
                          ADD CONSTRAINT sitemap_files_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users (id),
                          ADD CONSTRAINT sitemap_files_updated_by_fkey FOREIGN KEY (updated_by) REFERENCES auth.users (id);
ALTER TABLE sitemap_urls ADD CONSTRAINT sitemap_urls_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id),
                         ADD CONSTRAINT sitemap_urls_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users (id),
                         ADD CONSTRAINT sitemap_urls_updated_by_fkey FOREIGN KEY (updated_by) REFERENCES auth.users (id);
CREATE POLICY everybody ON domains USING (true);
CREATE POLICY tenant_isolation ON jobs USING (true);
CREATE POLICY everybody ON contacts FOR SELECT TO authenticated USING (true);
