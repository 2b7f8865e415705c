-- Each case runs in a transaction; the tables that it names are compared in it, and it is rolled back.
-- `;;` parts the statements of a case; what follows `<<` is the data of COPY.

## insert
INSERT INTO patient (id, mrn, name) VALUES (901, 'M901', 'Nora')
INSERT INTO patient (id, mrn, name, email, born, sex, phone, weight, balance, note, city, insured, visits) VALUES («902», «M902», «O'Hara», «x@y.example», «1999-09-09», «f», «0123456789», «61.5», «12.34», «fever cough», «Graz», «t», «3»)
INSERT INTO patient (id, mrn, name, email) VALUES (903, 'M903', 'A', NULL), (904, 'M904', 'B', 'b@b.example')
INSERT INTO patient VALUES (905, 'M905', 'C', NULL, '2001-01-01', 'm', '5555555555', 5, 6, 'x', 'Graz', false, 0)
INSERT INTO patient (mrn, id, name) VALUES («M906», «906», «D»)
INSERT INTO patient (id, mrn, name, balance, visits) VALUES (907, 'M907', 'E', DEFAULT, DEFAULT)
INSERT INTO patient (id, mrn, name, balance) VALUES (908, 'M908', 'F', DEFAULT), (909, 'M909', 'G', 5)
INSERT INTO patient (id, mrn, name) VALUES (910, 'M910', 'H') RETURNING id
INSERT INTO patient (id, mrn, name) VALUES («911», «M911», «I») RETURNING mrn, name, balance
INSERT INTO patient (id, mrn, name) VALUES (912, 'M912', 'J'), (913, 'M913', 'K') RETURNING *
INSERT INTO patient (id, mrn, name, born) VALUES (914, 'M914', 'L', '1980-02-02') RETURNING id AS number, born AS birthday
INSERT INTO patient AS p (id, mrn, name) VALUES (915, 'M915', 'M') RETURNING p.name
INSERT INTO patient (id, mrn, name, weight) VALUES (916, 'M916', 'N', 61.25)
INSERT INTO patient (id, mrn, name, weight) VALUES (917, 'M917', 'N', «61.25») RETURNING weight
INSERT INTO patient (id, mrn, name, sex) VALUES (918, 'M918', 'N', '') RETURNING sex
INSERT INTO patient (id, mrn, name, weight) VALUES (919, 'M919', 'N', 1 + 1)
INSERT INTO patient (id, mrn, name, born) VALUES (920, 'M920', 'N', DATE '2000-01-01' + 1) RETURNING born
INSERT INTO patient (id, mrn, name) VALUES (921, 'M921', upper('nora')) RETURNING name
INSERT INTO patient (id, mrn, name) VALUES (922, 'M' || '922', 'N') RETURNING mrn
INSERT INTO patient (id, mrn, name, visits) VALUES (923, 'M923', 'N', (SELECT count(*) FROM town))
INSERT INTO town VALUES ('Bern', 130000) RETURNING *
INSERT INTO town (name, people) VALUES («Wien», «1900000»)
INSERT INTO town SELECT 'x' || name, people FROM town
INSERT INTO town (name) SELECT DISTINCT 'y' || city FROM patient WHERE city IS NOT NULL
INSERT INTO patient (id, mrn, name) SELECT id + 1000, mrn || 'x', name FROM patient WHERE id < 5
INSERT INTO level (id, code, metres) SELECT id + 1000, code, depth FROM borehole WHERE depth < 99
SELECT setval('ticket_id_seq', 100) ;; INSERT INTO ticket (tag) VALUES (DEFAULT), ('fresh') RETURNING *
SELECT setval('ticket_id_seq', 200) ;; INSERT INTO ticket DEFAULT VALUES RETURNING *
SELECT setval('ticket_id_seq', 300) ;; INSERT INTO ticket (tag, hidden, rank) VALUES («a», «b», «3»), («c», NULL, DEFAULT) RETURNING id, rank
INSERT INTO kinds (id, c_text, c_varchar, c_char) VALUES (901, «ä», «0123456789», «abc»)
INSERT INTO kinds (id, c_varchar) VALUES (902, '0123456789     ')
INSERT INTO kinds (id, c_int2, c_int4, c_int8) VALUES (903, «-5», «70000», «-9000000000»)
INSERT INTO kinds (id, c_numeric, c_scaled) VALUES (904, «1.50», «1.2345»)
INSERT INTO kinds (id, c_real, c_double) VALUES (905, «0.1», «0.1»)
INSERT INTO kinds (id, c_date, c_time, c_ts, c_tstz) VALUES (906, 'epoch', '04:05', '2024-02-30 00:00'::text::timestamp, 'epoch')
INSERT INTO kinds (id, c_date, c_time, c_ts, c_tstz) VALUES (907, '20240229', '04:05 PM', 'Feb 28 2024 10:00', '2024-02-28 10:00:00.123456-05')
INSERT INTO kinds (id, c_interval) VALUES (908, 'P1Y2M3DT4H5M6S'), (909, '1 week ago')
INSERT INTO kinds (id, c_uuid) VALUES (910, 'A0EEBC999C0B4EF8BB6D6BB9BD380A11'), (911, '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12}')
INSERT INTO kinds (id, c_bytea) VALUES (912, '\x0001ff'), (913, 'abc\\000')
INSERT INTO kinds (id, c_json, c_jsonb) VALUES (914, '{"a":  1, "a": 2}', '{"a":  1, "a": 2}')
INSERT INTO kinds (id, c_array) VALUES (915, '{a,"b c",NULL}'), (916, ARRAY['x', NULL])
INSERT INTO kinds (id, c_bool) VALUES (917, 'yes'), (918, 'off'), (919, true)

## insert refused by rules
INSERT INTO patient (id, mrn, name) VALUES (1, 'M930', 'same id')
INSERT INTO patient (id, mrn, name) VALUES (930, 'MRN00037', 'same mrn')
INSERT INTO patient (id, mrn, name) VALUES («930», «MRN00037», «same mrn»)
INSERT INTO patient (id, mrn) VALUES (931, 'M931')
INSERT INTO patient (id, mrn, name) VALUES (932, NULL, 'x')
INSERT INTO patient (id, mrn, name) VALUES (933, 'M933', «NULL»)
INSERT INTO episode (id, patient, opened) VALUES (933, 99999, '2024-01-01')
INSERT INTO borehole (id, code, x, y) VALUES (930, 'B-001', 1, 1)
INSERT INTO borehole (id, code, x) VALUES (931, 'B-931', 1)
INSERT INTO diagnosis (id, code) VALUES (930, 'much too long a code')
INSERT INTO diagnosis (id, code) VALUES (930, «much too long a code»)
INSERT INTO diagnosis (id, code, severity) VALUES (931, 'x', 40000)
INSERT INTO diagnosis (id, code, severity) VALUES (931, 'x', «40000»)
INSERT INTO patient (id, mrn, name, weight) VALUES (932, 'M932', 'x', 123456)
INSERT INTO patient (id, mrn, name, born) VALUES (933, 'M933', 'x', '2024-02-30')
INSERT INTO patient (id, mrn, name, born) VALUES (933, 'M933', 'x', «not a date»)
INSERT INTO patient (id, mrn, name, sex) VALUES (934, 'M934', 'x', 'female')
INSERT INTO kinds (id, c_json) VALUES (930, '{broken')
INSERT INTO kinds (id, c_array) VALUES (930, '{broken')
INSERT INTO kinds (id, c_bytea) VALUES (930, '\xabc')
INSERT INTO patient (id, mrn, name, no_such) VALUES (1, 'x', 'y', 1)
INSERT INTO patient (id, mrn) VALUES (1, 'x', 'y')
INSERT INTO patient (id, mrn, mrn) VALUES (1, 'x', 'y')
INSERT INTO patient (id, mrn, name) VALUES (936, 'M936', 'x'), (936, 'M937', 'y')

## on conflict
INSERT INTO patient (id, mrn, name) VALUES (1, 'M940', 'x') ON CONFLICT DO NOTHING
INSERT INTO patient (id, mrn, name) VALUES (940, 'MRN00037', 'x') ON CONFLICT DO NOTHING
INSERT INTO patient (id, mrn, name) VALUES (940, 'MRN00037', 'x') ON CONFLICT (mrn) DO NOTHING
INSERT INTO patient (id, mrn, name) VALUES («940», «MRN00037», «x») ON CONFLICT (mrn) DO NOTHING RETURNING id
INSERT INTO patient (id, mrn, name) VALUES (941, 'M941', 'x') ON CONFLICT (mrn) DO NOTHING RETURNING id, mrn
INSERT INTO patient (id, mrn, name) VALUES (1, 'MRN00000', 'x') ON CONFLICT (id) DO UPDATE SET city = 'Graz'
INSERT INTO patient (id, mrn, name) VALUES (1, 'MRN00000', 'New') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name
INSERT INTO patient (id, mrn, name) VALUES (940, 'MRN00037', «New») ON CONFLICT (mrn) DO UPDATE SET name = EXCLUDED.name RETURNING id, name
INSERT INTO patient (id, mrn, name) VALUES (940, 'MRN00037', 'x') ON CONFLICT (mrn) DO UPDATE SET visits = patient.visits + 1 RETURNING id, visits
INSERT INTO patient (id, mrn, name) VALUES (1, 'MRN00037', 'x') ON CONFLICT (id) DO UPDATE SET mrn = EXCLUDED.mrn
INSERT INTO borehole (id, code, x, y) VALUES (940, 'B-001', 1, 2) ON CONFLICT (code) DO UPDATE SET x = EXCLUDED.x, y = EXCLUDED.y
INSERT INTO town VALUES ('Delft', 1) ON CONFLICT (name) DO UPDATE SET people = EXCLUDED.people RETURNING *
INSERT INTO patient (id, mrn, name) VALUES (940, 'MRN00037', 'x') ON CONFLICT (name) DO NOTHING
INSERT INTO ticket (id, tag) VALUES (1, 'tag0') ON CONFLICT (tag) DO UPDATE SET rank = 9 WHERE ticket.open

## update
UPDATE patient SET city = 'Bern' WHERE id = 3
UPDATE patient SET city = «Bern» WHERE mrn = «MRN00037»
UPDATE patient SET name = «Renamed» WHERE id = «3»
UPDATE patient SET name = 'Renamed', email = NULL WHERE id < 10
UPDATE patient SET email = «new@clinic.example» WHERE email = «doctor3@clinic.example»
UPDATE patient SET born = «2000-02-29», weight = 61.25 WHERE mrn = «MRN00037»
UPDATE patient SET sex = 'x', insured = true WHERE sex = 'm'
UPDATE patient SET phone = «9876543210» WHERE id = «3»
UPDATE patient SET note = «stable ankle» WHERE id = «3»
UPDATE patient SET name = 'all of them'
UPDATE patient SET balance = DEFAULT WHERE id = 3
UPDATE patient SET name = DEFAULT WHERE id = 3
UPDATE patient SET balance = balance + 1 WHERE id = 3
UPDATE patient SET balance = balance + «10.50» WHERE city = «Ghent»
UPDATE patient SET balance = -balance, visits = visits + 1
UPDATE patient SET weight = weight * 2 WHERE weight < 40
UPDATE patient SET weight = weight * 1000 WHERE id = 3
UPDATE patient SET born = born + 1 WHERE id < 5
UPDATE patient SET name = upper(name) WHERE id < 5
UPDATE patient SET name = name || '!' WHERE mrn = «MRN00037» RETURNING id, name
UPDATE patient SET email = name WHERE id = 3
UPDATE patient SET visits = visits + 1 WHERE sex = «f» RETURNING id, visits
UPDATE patient SET visits = length(name) WHERE id = 3
UPDATE patient p SET city = t.name FROM town t WHERE t.people > 500000 AND p.city = 'Graz'
UPDATE patient p SET name = t.name FROM town t WHERE p.city = t.name AND p.id < 20
UPDATE episode e SET ward = 'Z9' FROM patient p WHERE p.id = e.patient AND p.mrn = «MRN00037» RETURNING e.id, e.ward
UPDATE episode SET cost = 0 WHERE patient IN (SELECT id FROM patient WHERE city = «Delft»)
UPDATE episode SET closed = opened WHERE closed IS NULL
UPDATE diagnosis SET severity = severity + 1 WHERE severity IS NOT NULL
UPDATE diagnosis SET severity = severity + 32767
UPDATE diagnosis SET severity = «5», code = «J45» WHERE code = «I10» AND severity > «2»
UPDATE diagnosis SET certainty = certainty / 0 WHERE id = 1
UPDATE level SET metres = «-1.5» WHERE metres < «-30» RETURNING *
UPDATE level SET pumping = NOT pumping WHERE id < 9
UPDATE level SET code = NULL WHERE code = 'B-004'
UPDATE patient SET mrn = 'MRN00037' WHERE id = 1
UPDATE patient SET mrn = NULL WHERE id = 1
UPDATE patient SET mrn = «M950» WHERE id = «1» RETURNING mrn
UPDATE patient SET (name, city) = ('pair', 'Graz') WHERE id = 2
UPDATE patient SET id = 5000 WHERE mrn = 'MRN00037'
UPDATE patient SET name = 'nobody' WHERE false
UPDATE patient SET name = CASE WHEN sex = 'f' THEN 'she' ELSE 'he' END WHERE id < 6
UPDATE patient SET balance = (SELECT sum(cost) FROM episode WHERE patient = 3) WHERE id = 3
UPDATE town SET people = people + 1 RETURNING name, people
UPDATE kinds SET c_numeric = 1.10, c_scaled = 1.1, c_bool = NULL WHERE id < 4
UPDATE kinds SET c_json = '{"new":  true}', c_array = '{z}' WHERE id = 4 RETURNING c_json, c_array
UPDATE kinds SET c_char = 'abcdefg' WHERE id = 4
UPDATE patient SET name = 'a' WHERE id = 1 ;; UPDATE patient SET name = name || 'b' WHERE id = 1 ;; UPDATE patient SET name = name || 'c' WHERE id = 1 RETURNING name

## delete
DELETE FROM lab WHERE id = 3
DELETE FROM lab WHERE mrn = «MRN00037»
DELETE FROM lab WHERE units > «10» RETURNING id, units
DELETE FROM lab WHERE test = 'Hb' RETURNING *
DELETE FROM lab
DELETE FROM lab USING patient p WHERE p.mrn = lab.mrn AND p.city = «Delft»
DELETE FROM lab WHERE mrn IN (SELECT mrn FROM patient WHERE sex = «f»)
DELETE FROM lab WHERE value > 100
DELETE FROM patient WHERE id = 1
DELETE FROM patient WHERE mrn = «MRN00037»
DELETE FROM level l USING borehole b WHERE b.code = l.code AND b.depth > 100 RETURNING l.id
DELETE FROM ticket WHERE tag = «tag1» RETURNING tag, hidden
DELETE FROM town WHERE name = 'Graz'
DELETE FROM document WHERE title LIKE 'fever%'
WITH gone AS (DELETE FROM lab WHERE units < 0 RETURNING id, mrn) SELECT count(*) FROM gone
WITH made AS (INSERT INTO patient (id, mrn, name) VALUES (960, 'M960', 'x') RETURNING id) SELECT id FROM made
WITH w AS (SELECT id FROM patient WHERE sex = 'f') UPDATE patient SET city = 'W' WHERE id IN (SELECT id FROM w)

## copy out
COPY patient TO STDOUT
COPY patient (id, name, mrn) TO STDOUT
COPY town TO STDOUT
COPY patient TO STDOUT (FORMAT csv, HEADER)
COPY patient (id, name) TO STDOUT (FORMAT csv, DELIMITER ';', NULL 'none', QUOTE '"', FORCE_QUOTE *)
COPY patient (id, email, born) TO STDOUT WITH CSV
COPY patient (id, email, balance) TO STDOUT (DELIMITER '|', NULL '')
COPY patient TO STDOUT (FORMAT binary)
COPY kinds TO STDOUT
COPY kinds TO STDOUT (FORMAT binary)
COPY kinds TO STDOUT (FORMAT csv)
COPY (SELECT id, name FROM patient WHERE mrn = 'MRN00037') TO STDOUT
COPY (SELECT id, name FROM patient WHERE id < 9 ORDER BY id) TO STDOUT (FORMAT csv, HEADER)
COPY (SELECT email, count(*) FROM patient GROUP BY email) TO STDOUT
COPY (SELECT 1, 'x') TO STDOUT
COPY lab (id, flags, value) TO STDOUT (FORMAT text, HEADER)

## copy in
COPY patient (id, mrn, name) FROM STDIN << 970\tM970\tNora\n971\tM971\tO'Neil\\tx\n
COPY patient (id, mrn, name, email, born) FROM STDIN << 970\tM970\ta\t\\N\t1999-01-01\n971\tM971\t\\\\\tx@y\t\\N\n\\.\n
COPY patient (id, mrn, name) FROM STDIN (FORMAT csv) << 970,M970,"quo""ted, name"\n971,M971,"two\nlines"\n
COPY patient (id, mrn, name, email) FROM STDIN (FORMAT csv, HEADER, NULL 'none') << id,mrn,name,email\n970,M970,x,none\n
COPY patient (id, mrn, name) FROM STDIN (DELIMITER ';') << 970;M970;semi\n
COPY level (id, code, at, metres, pumping) FROM STDIN << 970\tB-001\t2024-05-05 05:05\t-1.25\tt\n971\t\\N\t\\N\t\\N\t\\N\n
COPY town FROM STDIN << Bern\t130000\n
COPY patient (id, mrn, name) FROM STDIN << 1\tM970\tsame id\n
COPY patient (id, mrn, name) FROM STDIN << 970\tMRN00037\tsame mrn\n
COPY patient (id, mrn, name) FROM STDIN << 970\tM970\n
COPY patient (id, mrn, name) FROM STDIN << x\tM970\tno number\n
COPY patient (id, mrn, name, born) FROM STDIN << 970\tM970\tx\tno date\n
COPY patient (id, mrn, name) FROM STDIN << 970\tM970\t\\N\n
COPY patient (id, mrn, name) FROM STDIN <<
COPY diagnosis (id, code) FROM STDIN << 970\tmuch too long a code\n
COPY patient (id, no_such) FROM STDIN << 970\tx\n
COPY kinds (id, c_numeric, c_bytea, c_array, c_json) FROM STDIN << 970\t1.50\t\\\\x00ff\t{a,"b c"}\t{"a":1}\n
COPY kinds (id, c_text, c_char, c_bool, c_tstz) FROM STDIN (FORMAT csv) << 970,,ab,yes,2024-01-01 00:00+03\n971,"",,no,infinity\n

## many statements
SELECT 1; SELECT name FROM patient WHERE id = 3; SELECT 2
SELECT name FROM patient WHERE id = 3; SELECT 1 / 0; SELECT 2
UPDATE patient SET city = 'X' WHERE id = 3; SELECT id, city FROM patient WHERE id = 3
INSERT INTO patient (id, mrn, name) VALUES (980, 'M980', 'x'); SELECT name FROM patient WHERE mrn = 'M980'
INSERT INTO town VALUES ('Q', 1); INSERT INTO patient (id, mrn, name) VALUES (1, 'M981', 'x'); SELECT 1
;
; ; SELECT 1 ;
