-- The password of the services' roles, which the migrations make without one.
-- Run by psql as superuser, with the password in WAYBILL_DATABASE_PASSWORD; as often as one likes.
\getenv password WAYBILL_DATABASE_PASSWORD
ALTER ROLE waybill_api PASSWORD :'password';
ALTER ROLE waybill_relay PASSWORD :'password';
ALTER ROLE waybill_processor PASSWORD :'password';
