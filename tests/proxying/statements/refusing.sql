-- What hides or changes a protected value where no proxy can follow: refused, or answered rightly all the same.

## hiding : outside
SELECT t FROM patient t
SELECT patient FROM patient WHERE id = 1
SELECT t.*::text FROM patient t
SELECT (t.*)::text FROM patient t WHERE id = 1
SELECT row_to_json(t) FROM patient t
SELECT to_jsonb(t) FROM patient t WHERE id = 1
SELECT json_agg(t) FROM patient t
SELECT array_agg(t)::text FROM patient t
SELECT row(p.*) FROM patient p WHERE id = 1
SELECT row(id, name) FROM patient
SELECT hstore(t) FROM patient t
SELECT * FROM patient WHERE ctid = '(0,1)'
SELECT ctid, name FROM patient
SELECT xmin IS NULL, id FROM patient
SELECT tableoid::regclass::text, name FROM patient WHERE id = 1
SELECT name::bytea FROM patient
SELECT encode(body, 'hex') FROM document
SELECT octet_length(name), char_length(name), bit_length(name) FROM patient
SELECT pg_column_size(name) FROM patient WHERE id = 1
SELECT hashtext(name) FROM patient
SELECT name COLLATE "C" FROM patient
SELECT count(name ORDER BY name) FROM patient
SELECT _sh_rid FROM patient
SELECT mrn_m FROM patient
SELECT born_o FROM patient
SELECT patient._sh_rid FROM patient
SELECT p.name::text::bytea FROM patient p
SELECT count(*) FROM (SELECT id FROM patient ORDER BY random()) r
SELECT overlay(name placing 'x' from 1) FROM patient
SELECT name < 'C' COLLATE "POSIX" FROM patient
SELECT * FROM patient p, LATERAL (SELECT p.name) x WHERE p.id = 1
SELECT * FROM (VALUES (1)) v (a), patient WHERE v.a = id
SELECT query_to_xml('SELECT name FROM patient', true, false, '')
SELECT table_to_xml('patient', true, false, '')
SELECT * FROM patient p, unnest(ARRAY[p.name]) u WHERE p.id = 1
SELECT name FROM ONLY patient WHERE id = 1
SELECT to_tsvector('simple', note) FROM patient
SELECT count(*) FROM patient WHERE note @@ 'fever'
SELECT count(*) FROM patient WHERE name = ANY (string_to_array('Ada,Bo', ','))
SELECT id FROM patient WHERE (name, city) < ('M', 'M')
SELECT id FROM patient WHERE row(mrn, id) = row('MRN00037', 2)
SELECT id FROM patient WHERE (patient.*) IS NOT NULL
SELECT id FROM patient WHERE patient IS NULL
SELECT DISTINCT patient FROM patient
SELECT p FROM (SELECT name FROM patient) p
SELECT w FROM (SELECT id, name FROM patient WHERE id = 1) w
WITH w AS (SELECT name FROM patient) SELECT w FROM w
SELECT max(p.*::text) FROM patient p
SELECT count(p) FROM patient p
SELECT count(p.*) FROM patient p
MERGE INTO town t USING (SELECT 'Delft' AS n) s ON t.name = s.n WHEN MATCHED THEN UPDATE SET people = 5
MERGE INTO patient p USING town t ON t.name = p.city WHEN MATCHED THEN UPDATE SET name = t.name

## changing : outside own
DO $$ BEGIN PERFORM name FROM patient; END $$
BEGIN ;; CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM patient' ;; SELECT count(*) FROM names() ;; ROLLBACK
BEGIN ;; CREATE FUNCTION peek(patient) RETURNS text LANGUAGE sql AS 'SELECT $1.name' ;; SELECT peek(p) FROM patient p WHERE id = 1 ;; SELECT p.peek FROM patient p WHERE id = 1 ;; ROLLBACK
BEGIN ;; CREATE RULE r AS ON UPDATE TO town DO INSTEAD SELECT name FROM patient ;; ROLLBACK
BEGIN ;; CREATE TABLE taken AS SELECT name FROM patient ;; SELECT count(*) FROM taken ;; ROLLBACK
BEGIN ;; SELECT name INTO taken FROM patient ;; SELECT count(*) FROM taken ;; ROLLBACK
BEGIN ;; CREATE VIEW names AS SELECT name FROM patient WHERE name = 'Ada' ;; SELECT count(*) FROM names ;; ROLLBACK
BEGIN ;; CREATE MATERIALIZED VIEW kept AS SELECT mrn FROM patient ;; SELECT count(*) FROM kept ;; ROLLBACK
BEGIN ;; ALTER TABLE patient ALTER COLUMN name TYPE varchar(50) ;; SELECT name FROM patient WHERE id = 1 ;; ROLLBACK
BEGIN ;; ALTER TABLE patient DROP COLUMN email ;; SELECT * FROM patient WHERE id = 1 ;; ROLLBACK
BEGIN ;; ALTER TABLE patient ADD CHECK (weight > 0) ;; ROLLBACK
BEGIN ;; ALTER TABLE patient ADD CHECK (visits >= 0) ;; ROLLBACK
BEGIN ;; ALTER TABLE patient RENAME COLUMN name TO called ;; SELECT called FROM patient WHERE id = 1 ;; ROLLBACK
BEGIN ;; ALTER TABLE patient RENAME TO person ;; SELECT name FROM person WHERE id = 1 ;; ROLLBACK
BEGIN ;; ALTER TABLE patient ADD COLUMN doubled numeric GENERATED ALWAYS AS (balance * 2) STORED ;; ROLLBACK
BEGIN ;; CREATE INDEX i ON patient (lower(name)) ;; ROLLBACK
BEGIN ;; CREATE INDEX i ON patient (city) WHERE sex = 'f' ;; ROLLBACK
BEGIN ;; CREATE TABLE child () INHERITS (patient) ;; SELECT count(*) FROM patient ;; ROLLBACK
BEGIN ;; CREATE TABLE alike (LIKE patient INCLUDING ALL) ;; SELECT * FROM alike ;; ROLLBACK
BEGIN ;; DROP TABLE lab ;; SELECT * FROM lab ;; ROLLBACK
COPY (SELECT t FROM patient t) TO STDOUT
COPY patient TO PROGRAM 'cat >/dev/null'
COPY patient TO '/nonexistent/x'
LISTEN names
NOTIFY names, 'x'
SELECT lo_create(990001) > 0 ;; SELECT lo_unlink(990001)
SELECT pg_notify('x', name) FROM patient WHERE id = 1
SELECT set_config('my.x', name, true) FROM patient WHERE id = 1
