-- Transactions, prepared statements, cursors, settings. These cases are not wrapped: each ends as it began.

## transactions : own
BEGIN ;; SELECT name FROM patient WHERE id = 1 ;; COMMIT
BEGIN ;; UPDATE patient SET name = 'x' WHERE id = 1 ;; ROLLBACK ;; SELECT name FROM patient WHERE id = 1
BEGIN ;; UPDATE patient SET name = 'kept' WHERE id = 1 ;; COMMIT ;; SELECT name FROM patient WHERE id = 1
BEGIN ;; INSERT INTO patient (id, mrn, name) VALUES (700, 'M700', 'x') ;; COMMIT ;; DELETE FROM patient WHERE mrn = 'M700' ;; SELECT count(*) FROM patient
BEGIN ;; SELECT 1 / 0 ;; SELECT name FROM patient ;; SELECT 1 ;; COMMIT
BEGIN ;; SELECT 1 / 0 ;; ROLLBACK ;; SELECT count(*) FROM patient
BEGIN ;; INSERT INTO patient (id, mrn, name) VALUES (1, 'x', 'y') ;; SELECT name FROM patient WHERE id = 1 ;; ROLLBACK
BEGIN ;; SAVEPOINT a ;; UPDATE patient SET name = 'x' WHERE id = 2 ;; ROLLBACK TO a ;; SELECT name FROM patient WHERE id = 2 ;; COMMIT
BEGIN ;; SAVEPOINT a ;; SELECT 1 / 0 ;; ROLLBACK TO SAVEPOINT a ;; SELECT name FROM patient WHERE id = 2 ;; COMMIT
BEGIN ;; SAVEPOINT a ;; UPDATE patient SET balance = balance + 1 WHERE id = 2 ;; RELEASE a ;; SELECT balance FROM patient WHERE id = 2 ;; ROLLBACK
BEGIN ;; SAVEPOINT a ;; SAVEPOINT b ;; ROLLBACK TO a ;; ROLLBACK TO b ;; ROLLBACK
START TRANSACTION READ ONLY ;; SELECT count(*) FROM patient ;; UPDATE patient SET city = 'x' WHERE id = 1 ;; ROLLBACK
START TRANSACTION READ ONLY ;; UPDATE patient SET name = name || 'x' WHERE id = 1 ;; ROLLBACK
BEGIN ISOLATION LEVEL SERIALIZABLE ;; SELECT name FROM patient WHERE mrn = 'MRN00037' ;; COMMIT
COMMIT
ROLLBACK
BEGIN ;; BEGIN ;; COMMIT
BEGIN; SELECT name FROM patient WHERE id = 3; COMMIT
BEGIN; UPDATE patient SET city = 'never' WHERE id = 3; ROLLBACK; SELECT city FROM patient WHERE id = 3
SAVEPOINT a
BEGIN ;; SELECT count(*) FROM patient ;; END
BEGIN ;; ABORT
BEGIN ;; COMMIT AND CHAIN ;; SELECT 1 ;; ROLLBACK

## prepared : own
PREPARE q AS SELECT name FROM patient WHERE id = $1 ;; EXECUTE q (3) ;; EXECUTE q (4) ;; DEALLOCATE q
PREPARE q (text) AS SELECT id FROM patient WHERE mrn = $1 ;; EXECUTE q ('MRN00037') ;; EXECUTE q (NULL) ;; DEALLOCATE q
PREPARE q (date, date) AS SELECT id FROM patient WHERE born BETWEEN $1 AND $2 ;; EXECUTE q ('1950-01-01', '1960-01-01') ;; DEALLOCATE q
PREPARE q AS UPDATE patient SET name = $1 WHERE id = $2 ;; BEGIN ;; EXECUTE q ('z', 5) ;; SELECT name FROM patient WHERE id = 5 ;; ROLLBACK ;; DEALLOCATE q
PREPARE q AS SELECT $1::text || name FROM patient WHERE id = 1 ;; EXECUTE q ('x') ;; DEALLOCATE ALL
PREPARE q AS SELECT count(*) FROM patient WHERE email = $1 OR mrn = $1 ;; EXECUTE q ('MRN00037') ;; DEALLOCATE q
PREPARE q AS SELECT 1 ;; PREPARE q AS SELECT 2 ;; DEALLOCATE q
PREPARE q AS SELECT people FROM town WHERE name = $1 ;; EXECUTE q ('Delft') ;; DEALLOCATE q
EXECUTE no_such (1)
DEALLOCATE no_such
DEALLOCATE ALL ;; DISCARD ALL ;; SELECT name FROM patient WHERE id = 6

## cursors : own
BEGIN ;; DECLARE c CURSOR FOR SELECT id, name FROM patient ORDER BY id ;; FETCH 3 FROM c ;; FETCH NEXT FROM c ;; FETCH ALL FROM c ;; CLOSE c ;; COMMIT
BEGIN ;; DECLARE c CURSOR FOR SELECT id FROM patient WHERE mrn = 'MRN00037' ;; FETCH ALL c ;; FETCH 1 c ;; COMMIT
BEGIN ;; DECLARE c CURSOR FOR SELECT name, people FROM town ORDER BY name ;; FETCH 2 c ;; CLOSE c ;; FETCH 1 c ;; ROLLBACK
BEGIN ;; DECLARE c SCROLL CURSOR FOR SELECT id, name FROM patient ORDER BY id ;; FETCH LAST c ;; FETCH FIRST c ;; FETCH ABSOLUTE 5 c ;; FETCH BACKWARD 2 c ;; COMMIT
BEGIN ;; DECLARE c CURSOR FOR SELECT id, born FROM patient ORDER BY born, id ;; MOVE 5 c ;; FETCH 2 c ;; COMMIT
DECLARE c CURSOR WITH HOLD FOR SELECT name FROM patient WHERE id < 4 ORDER BY id ;; FETCH ALL c ;; CLOSE c
DECLARE c CURSOR FOR SELECT name FROM patient
CLOSE no_such

## settings : own
SET application_name = 'x' ;; SHOW application_name ;; RESET application_name
SET search_path = pg_catalog ;; SELECT name FROM patient WHERE id = 1 ;; RESET search_path
SET search_path = pg_catalog ;; SELECT name FROM public.patient WHERE id = 1 ;; RESET search_path
SET search_path TO public, pg_catalog ;; SELECT name FROM patient WHERE mrn = 'MRN00037' ;; RESET search_path
BEGIN ;; SET LOCAL search_path = pg_catalog ;; SELECT name FROM patient WHERE id = 1 ;; ROLLBACK ;; SELECT name FROM patient WHERE id = 1
SELECT set_config('search_path', 'pg_catalog', false) ;; SELECT name FROM patient WHERE id = 1 ;; RESET search_path
SET DateStyle = 'German, DMY' ;; SELECT id, born, drilled FROM patient JOIN borehole USING (id) ;; RESET DateStyle ;; SELECT born FROM patient
SET DateStyle = 'SQL, DMY' ;; SELECT id FROM patient WHERE born < '02/01/1970' ;; RESET DateStyle
SET TimeZone = 'America/New_York' ;; SELECT id, opened FROM episode WHERE id < 9 ;; RESET TimeZone ;; SELECT id, opened FROM episode WHERE id < 9
SET TimeZone = 'Asia/Tokyo' ;; SELECT id FROM episode WHERE opened > '2024-06-01 00:00' ;; RESET TimeZone
SET extra_float_digits = 0 ;; SELECT id, c_double, c_real FROM kinds ;; RESET extra_float_digits ;; SELECT id, c_double, c_real FROM kinds
SET bytea_output = 'escape' ;; SELECT id, c_bytea FROM kinds ;; RESET bytea_output ;; SELECT id, c_bytea FROM kinds
SET IntervalStyle = 'iso_8601' ;; SELECT id, c_interval FROM kinds ;; RESET IntervalStyle ;; SELECT id, c_interval FROM kinds
SET client_encoding = 'LATIN1' ;; SELECT id, length(name) FROM patient WHERE id = 1 ;; RESET client_encoding
SET standard_conforming_strings = off ;; SELECT id FROM borehole WHERE owner = 'back\\slash' ;; RESET standard_conforming_strings
BEGIN ;; SET LOCAL bytea_output = 'escape' ;; SELECT id, c_bytea FROM kinds ;; COMMIT ;; SELECT id, c_bytea FROM kinds
BEGIN ;; SET bytea_output = 'escape' ;; ROLLBACK ;; SELECT id, c_bytea FROM kinds
SET bytea_output = 'escape' ;; DISCARD ALL ;; SELECT id, c_bytea FROM kinds
SET SESSION bytea_output TO escape ;; RESET ALL ;; SELECT id, c_bytea FROM kinds
SELECT set_config('bytea_output', 'escape', false) ;; SELECT id, c_bytea FROM kinds ;; SET bytea_output TO DEFAULT ;; SELECT id, c_bytea FROM kinds
SET statement_timeout = 5000 ;; SHOW statement_timeout ;; RESET ALL
SET no_such_setting = 1
SHOW search_path

## shadowing : own
CREATE TEMP TABLE patient (id integer, name text) ;; SELECT name FROM patient ;; SELECT count(*) FROM public.patient ;; DROP TABLE pg_temp.patient
CREATE TEMP TABLE patient (id integer, name text) ;; INSERT INTO patient VALUES (1, 'not protected') ;; SELECT * FROM patient ;; DROP TABLE pg_temp.patient ;; SELECT count(*) FROM patient
CREATE TEMP TABLE scratch (a integer, b text) ;; INSERT INTO scratch VALUES (1, 'x') ;; SELECT p.name, s.b FROM patient p JOIN scratch s ON s.a = p.id ;; DROP TABLE scratch
BEGIN ;; CREATE SCHEMA other ;; CREATE TABLE other.patient (id integer, name text) ;; INSERT INTO other.patient VALUES (1, 'clear') ;; SET LOCAL search_path = other, public ;; SELECT name FROM patient ;; SELECT name FROM public.patient WHERE id = 1 ;; ROLLBACK
BEGIN ;; CREATE TEMP VIEW town AS SELECT 'x'::text AS name, 1 AS people ;; SELECT * FROM town ;; ROLLBACK
CREATE TEMP TABLE scratch AS SELECT name, people FROM town ;; SELECT * FROM scratch ;; DROP TABLE scratch

## names : own
BEGIN ;; CREATE TABLE loose (id integer PRIMARY KEY, a text) ;; INSERT INTO loose VALUES (1, 'x') ;; SELECT * FROM loose ;; ALTER TABLE loose ADD COLUMN b integer DEFAULT 5 ;; SELECT * FROM loose ;; DROP TABLE loose ;; ROLLBACK
BEGIN ;; CREATE INDEX patient_city ON patient (city) ;; SELECT count(*) FROM patient WHERE city = 'Graz' ;; ROLLBACK
BEGIN ;; CREATE INDEX patient_email ON patient (email) ;; SELECT count(*) FROM patient WHERE email IS NULL ;; ROLLBACK
BEGIN ;; CREATE INDEX patient_born ON patient (born) ;; SELECT count(*) FROM patient WHERE born IS NULL ;; ROLLBACK
BEGIN ;; ALTER TABLE patient ADD COLUMN spare integer ;; SELECT id, spare FROM patient WHERE id = 1 ;; SELECT * FROM patient WHERE id = 1 ;; ROLLBACK
BEGIN ;; ALTER TABLE patient RENAME COLUMN city TO place ;; SELECT id, place FROM patient WHERE id = 1 ;; SELECT city FROM patient ;; ROLLBACK
BEGIN ;; ALTER TABLE lab ADD FOREIGN KEY (mrn) REFERENCES patient (mrn) ;; ROLLBACK
BEGIN ;; CREATE UNIQUE INDEX lab_one ON ticket (tag, rank) ;; ROLLBACK
BEGIN ;; TRUNCATE lab ;; SELECT count(*) FROM lab ;; ROLLBACK ;; SELECT count(*) FROM lab
BEGIN ;; LOCK TABLE patient IN SHARE MODE ;; SELECT count(*) FROM patient ;; ROLLBACK
BEGIN ;; SELECT id, name FROM patient WHERE id = 3 FOR UPDATE ;; ROLLBACK
BEGIN ;; SELECT id FROM patient WHERE mrn = 'MRN00037' FOR SHARE NOWAIT ;; ROLLBACK
EXPLAIN (COSTS OFF) SELECT name FROM patient WHERE city = 'Graz'
ANALYZE patient
VACUUM town
COMMENT ON TABLE town IS 'a town'
