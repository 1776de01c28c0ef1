-- The owner of the schema and the database, unless they are there; as on RDS, the owner is no superuser.
-- Run by psql as superuser, with the password in WAYBILL_DATABASE_PASSWORD; as often as one likes.
\getenv password WAYBILL_DATABASE_PASSWORD
SELECT 'CREATE ROLE waybill_owner LOGIN CREATEROLE'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'waybill_owner') \gexec
ALTER ROLE waybill_owner PASSWORD :'password';
SELECT 'CREATE DATABASE waybill OWNER waybill_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'waybill') \gexec
\connect waybill
SELECT 'CREATE EXTENSION pg_stat_statements'
WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') \gexec
