#!/bin/sh
# Run once by the database's image, in an empty data folder: Torg's own role and database, and the public face's role.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set inside="$TORG_DATABASE_PASSWORD" --set outside="$TORG_PUBLIC_PASSWORD" <<'SQL'
CREATE ROLE torg LOGIN CREATEROLE PASSWORD :'inside';
CREATE DATABASE torg OWNER torg;
REVOKE CONNECT ON DATABASE torg FROM PUBLIC;
SET ROLE torg;
CREATE ROLE torg_public LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD :'outside';
GRANT CONNECT ON DATABASE torg TO torg_public;
SQL
