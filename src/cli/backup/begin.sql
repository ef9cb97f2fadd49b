-- The role and the database may have limits of their own.
SET statement_timeout = 0;
SET lock_timeout = 0;
BEGIN;
