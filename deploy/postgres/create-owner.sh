#!/bin/bash
# Runs once, when the container of compose.yaml creates its cluster: makes the database and its owner, who is no
# superuser. CREATEROLE is needed for two roles that nobody logs in as; see docs/operations.md.
set -euo pipefail

psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v password="$SCRAPERSKY_DB_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE scrapersky LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE scrapersky OWNER scrapersky ENCODING 'UTF8' TEMPLATE template0;
SQL
