-- One case a line; what stands between « and » is sent as a parameter too. See tests/proxying/cases.py.

## projection
SELECT * FROM patient
SELECT id, name, email FROM patient
SELECT mrn FROM patient WHERE id = «7»
SELECT p.name, p.id, p.name FROM patient p WHERE p.id < «20»
SELECT p.* FROM patient p WHERE id = «1»
SELECT p.*, p.id AS again FROM patient AS p WHERE id BETWEEN «1» AND «3»
SELECT name AS "Full Name", born AS "select" FROM patient WHERE id = «3»
SELECT name n, city FROM patient WHERE city = «Delft»
SELECT * FROM kinds
SELECT c_text, c_varchar, c_char FROM kinds
SELECT c_int2, c_int4, c_int8 FROM kinds
SELECT c_numeric, c_scaled, c_real, c_double FROM kinds
SELECT c_date, c_time, c_ts, c_tstz, c_interval FROM kinds
SELECT c_bool, c_uuid, c_bytea, c_json, c_jsonb, c_array FROM kinds
SELECT id, flags FROM lab WHERE test = «Hb»
SELECT body, meta, secret FROM document
SELECT public.patient.name FROM public.patient WHERE public.patient.id = «2»
SELECT patient.name FROM patient WHERE patient.id = «2»
TABLE level
SELECT k.c_text FROM kinds AS k (n, c_text) WHERE n = «1»
SELECT 1 AS one, name, 'x' AS constant FROM patient WHERE id = «5»
SELECT name, NULL AS nothing, true FROM patient WHERE id = «5»
SELECT count(*), 'clear' FROM town
SELECT name FROM patient WHERE false
SELECT name FROM patient LIMIT 0
SELECT x, y FROM borehole WHERE drilled IS NULL

## equality
SELECT id FROM patient WHERE mrn = «MRN00037»
SELECT id, name FROM patient WHERE mrn = «MRN00037» AND city = «Delft»
SELECT id FROM patient WHERE «MRN00037» = mrn
SELECT id FROM patient WHERE mrn <> «MRN00037»
SELECT id FROM patient WHERE mrn != «MRN00037» AND id < «30»
SELECT id FROM patient WHERE email = «doctor3@clinic.example»
SELECT id FROM patient WHERE email <> «doctor3@clinic.example»
SELECT id FROM patient WHERE NOT email = «doctor3@clinic.example»
SELECT id FROM patient WHERE email = «doctor3@clinic.example» OR id = «1»
SELECT id FROM patient WHERE sex = «f»
SELECT id FROM patient WHERE sex <> «f»
SELECT id FROM patient WHERE insured
SELECT id FROM patient WHERE NOT insured
SELECT id FROM patient WHERE insured = «true»
SELECT id FROM patient WHERE insured IS TRUE
SELECT id FROM patient WHERE insured IS NOT TRUE
SELECT id FROM patient WHERE insured IS UNKNOWN
SELECT id FROM patient WHERE born = «1990-05-05»
SELECT id FROM patient WHERE weight = «70.0»
SELECT id FROM patient WHERE weight = 70
SELECT id FROM patient WHERE phone = «0123456789»
SELECT id FROM patient WHERE phone = (SELECT phone FROM patient WHERE id = «8»)
SELECT id FROM patient WHERE email = NULL
SELECT id FROM patient WHERE email = «NULL»
SELECT id FROM patient WHERE name = «Ada»
SELECT id FROM patient WHERE name <> «Ada»
SELECT id FROM patient WHERE balance = «100.00»
SELECT id, ward FROM episode WHERE ward = «icu» AND cost > «1000»
SELECT id FROM borehole WHERE code = «B-007»
SELECT id FROM borehole WHERE owner = «Zoë»
SELECT id FROM borehole WHERE owner = «李雷»
SELECT id FROM borehole WHERE owner = ''
SELECT id FROM borehole WHERE owner = E'back\\slash'
SELECT id FROM borehole WHERE owner = U&'Zo\00EB'
SELECT id FROM borehole WHERE owner = $$O'Neil$$
SELECT id FROM kinds WHERE c_numeric = «1.0000»
SELECT id FROM kinds WHERE c_numeric = 1
SELECT id FROM kinds WHERE c_numeric = 'NaN'
SELECT id FROM kinds WHERE c_double = «0»
SELECT id FROM kinds WHERE c_double = 'NaN'
SELECT id FROM kinds WHERE c_char = «ab»
SELECT id FROM kinds WHERE c_char = 'ab    '
SELECT id FROM kinds WHERE c_varchar = «ab»
SELECT id FROM kinds WHERE c_varchar = 'ab '
SELECT id FROM kinds WHERE c_tstz = «2024-01-01 02:00:00+02»
SELECT id FROM kinds WHERE c_ts = 'infinity'
SELECT id FROM kinds WHERE c_date = «2024-02-29»
SELECT id FROM kinds WHERE c_bytea = '\xdeadbeef'
SELECT id FROM kinds WHERE c_int4 = 2147483647
SELECT id FROM kinds WHERE c_int4 = 2147483648
SELECT id FROM kinds WHERE c_int4 = 0.5
SELECT id FROM kinds WHERE c_int2 = «-1»
SELECT id FROM kinds WHERE c_int8 = 9223372036854775807
SELECT id FROM kinds WHERE c_bool = false
SELECT id FROM kinds WHERE c_uuid = (SELECT c_uuid FROM kinds WHERE id = «4»)
SELECT id FROM diagnosis WHERE severity = «3» AND code = «I10»
SELECT id FROM diagnosis WHERE severity = «3» AND severity = «4»
SELECT id FROM patient WHERE email IS DISTINCT FROM «doctor3@clinic.example»
SELECT id FROM patient WHERE email IS NOT DISTINCT FROM «NULL»

## in and null
SELECT id FROM patient WHERE mrn IN («MRN00037», «MRN00074», «none»)
SELECT id FROM patient WHERE mrn NOT IN («MRN00037», «MRN00074»)
SELECT id FROM patient WHERE email IN («doctor1@clinic.example», NULL)
SELECT id FROM patient WHERE email NOT IN («doctor1@clinic.example», NULL)
SELECT id FROM patient WHERE sex IN ('f', 'm')
SELECT id FROM patient WHERE mrn = ANY (ARRAY['MRN00037', 'MRN00111'])
SELECT id FROM patient WHERE mrn = ANY («{MRN00037,MRN00111}»)
SELECT id FROM patient WHERE mrn <> ALL (ARRAY['MRN00037', 'MRN00111'])
SELECT id FROM diagnosis WHERE severity IN (1, 2, 3)
SELECT id FROM diagnosis WHERE severity NOT IN (1, 2, 3)
SELECT id FROM diagnosis WHERE certainty IN (0.5, 0.75)
SELECT id FROM patient WHERE email IS NULL
SELECT id FROM patient WHERE email IS NOT NULL
SELECT id FROM patient WHERE note IS NULL
SELECT id FROM patient WHERE balance IS NULL
SELECT id FROM patient WHERE born IS NULL OR weight IS NULL
SELECT id FROM lab WHERE flags IS NOT NULL AND value IS NULL
SELECT id FROM patient WHERE name IN («Ada», «Bo»)
SELECT id FROM patient WHERE (sex, email) = («f», «doctor2@clinic.example»)
SELECT id FROM patient WHERE (sex, insured) IN (('f', true), ('m', false))
SELECT id, coalesce(email, 'none') FROM patient
SELECT id FROM patient WHERE coalesce(email, 'none') = 'none'
SELECT id, nullif(sex, 'x') FROM patient

## range
SELECT id FROM patient WHERE born < «1970-01-01»
SELECT id FROM patient WHERE born <= «1970-01-01»
SELECT id FROM patient WHERE born > «1970-01-01»
SELECT id FROM patient WHERE born >= «1970-01-01»
SELECT id FROM patient WHERE «1970-01-01» > born
SELECT id FROM patient WHERE NOT (born < «1970-01-01»)
SELECT id, born FROM patient WHERE born BETWEEN «1950-01-01» AND «1980-12-31»
SELECT id, born FROM patient WHERE born NOT BETWEEN «1950-01-01» AND «1980-12-31»
SELECT id FROM patient WHERE born BETWEEN SYMMETRIC «1980-12-31» AND «1950-01-01»
SELECT id FROM patient WHERE born > «1950-01-01» AND born < «1960-01-01» AND city = «Ghent»
SELECT id FROM patient WHERE weight > 70.25
SELECT id FROM patient WHERE weight > «70»
SELECT id FROM patient WHERE weight BETWEEN «60.5» AND «80»
SELECT id FROM episode WHERE cost >= «3999.99»
SELECT id FROM episode WHERE cost < 10
SELECT id FROM episode WHERE cost > -1
SELECT id FROM episode WHERE cost < 1e12
SELECT id FROM episode WHERE opened > «2024-06-01 00:00:00+00»
SELECT id FROM episode WHERE opened > «2024-06-01»
SELECT id FROM episode WHERE opened BETWEEN «2024-01-01 00:00+01» AND «2024-02-01 00:00+01»
SELECT id FROM episode WHERE opened < closed
SELECT id FROM episode WHERE closed > opened AND cost > «100»
SELECT id FROM diagnosis WHERE severity > 2 AND severity <= 7
SELECT id FROM diagnosis WHERE severity > 2.5
SELECT id FROM diagnosis WHERE certainty >= «0.25»
SELECT id FROM diagnosis WHERE certainty < 0
SELECT id FROM borehole WHERE x BETWEEN «3000» AND «5000» AND y BETWEEN «-500» AND «500»
SELECT code, depth FROM borehole WHERE depth > «100.50»
SELECT id FROM level WHERE at >= «2024-03-01» AND metres < «0»
SELECT id FROM kinds WHERE c_int2 < 0
SELECT id FROM kinds WHERE c_int8 >= 0
SELECT id FROM kinds WHERE c_int8 > -9223372036854775808
SELECT id FROM kinds WHERE c_int4 < 2147483648
SELECT id FROM kinds WHERE c_double > 0
SELECT id FROM kinds WHERE c_double > 'Infinity'
SELECT id FROM kinds WHERE c_double <= 'NaN'
SELECT id FROM kinds WHERE c_date > '-infinity' AND c_date < 'infinity'
SELECT id FROM kinds WHERE c_ts < «2024-01-01»
SELECT id FROM kinds WHERE c_tstz < 'infinity'
SELECT id FROM kinds WHERE c_scaled > «0.0005»
SELECT id FROM kinds WHERE c_scaled <= 0
SELECT id FROM patient WHERE balance > «100»
SELECT id FROM patient WHERE balance BETWEEN «0» AND «100»
SELECT id FROM lab WHERE value > «100»
SELECT id FROM patient WHERE name < «C»
SELECT id FROM patient WHERE name >= «O»
SELECT id FROM patient WHERE mrn > «MRN00500»

## like
SELECT id FROM patient WHERE name LIKE 'A%'
SELECT id, name FROM patient WHERE name LIKE «O%»
SELECT id FROM patient WHERE name NOT LIKE 'A%'
SELECT id FROM patient WHERE name LIKE '%blank%'
SELECT id FROM patient WHERE name LIKE '_da'
SELECT id FROM patient WHERE name LIKE 'back\\%'
SELECT id FROM patient WHERE name ILIKE 'a%'
SELECT id FROM patient WHERE name ILIKE 'zOë'
SELECT id FROM patient WHERE name LIKE ''
SELECT id FROM patient WHERE mrn LIKE 'MRN000%'
SELECT id FROM patient WHERE name LIKE '%\n%' OR name LIKE 'A!%' ESCAPE '!'
SELECT id FROM borehole WHERE owner LIKE 'D__'
SELECT id FROM patient WHERE lower(name) = «ada»
SELECT id FROM patient WHERE upper(name) = «ADA»
SELECT id, length(name) FROM patient
SELECT id FROM patient WHERE length(name) > «5»

## words
SELECT id, note FROM patient WHERE note @@ to_tsquery('simple', 'fever & cough')
SELECT id FROM patient WHERE note @@ to_tsquery('simple', 'fever | ankle') ORDER BY id LIMIT 5
SELECT id FROM patient WHERE note @@ to_tsquery('simple', 'fever & !cough')
SELECT id FROM patient WHERE note @@ to_tsquery('simple', «stable»)
SELECT id FROM document WHERE title @@ plainto_tsquery('simple', 'left ankle')
SELECT id FROM patient WHERE sealhold_word(note, «chronic»)
SELECT count(*) FROM patient WHERE sealhold_word(note, 'nosuchword')
SELECT id FROM patient WHERE sealhold_word(note, 'acute') AND city = «Delft»
SELECT id FROM patient WHERE note @@ to_tsquery('simple', 'fever')
SELECT id FROM patient WHERE sealhold_word(note, 'fever')
SELECT id, note FROM patient WHERE id = «10»
SELECT id FROM patient WHERE note LIKE '%fever%'
SELECT id FROM patient WHERE note = «fever»
SELECT id, title FROM document WHERE title LIKE 'fever%'

## sorting
SELECT id FROM patient ORDER BY id
SELECT id, born FROM patient ORDER BY born, id
SELECT id, born FROM patient ORDER BY born DESC, id
SELECT id, born FROM patient ORDER BY born NULLS FIRST, id
SELECT id, born FROM patient ORDER BY born DESC NULLS LAST, id DESC
SELECT id, weight FROM patient ORDER BY weight, id LIMIT «10»
SELECT id, weight FROM patient ORDER BY weight DESC, id LIMIT 10 OFFSET «5»
SELECT id, weight FROM patient ORDER BY weight, id OFFSET 140
SELECT id FROM patient ORDER BY weight, id FETCH FIRST 3 ROWS ONLY
SELECT id, name FROM patient ORDER BY name, id
SELECT id, name FROM patient ORDER BY name DESC, id LIMIT 20
SELECT id, balance FROM patient ORDER BY balance, id
SELECT id, balance FROM patient ORDER BY balance DESC, id LIMIT 5
SELECT name, id FROM patient ORDER BY 1, 2
SELECT name AS n, id FROM patient ORDER BY n, id
SELECT id, mrn FROM patient ORDER BY mrn LIMIT 10
SELECT id, opened FROM episode ORDER BY opened, id LIMIT 20
SELECT id, cost FROM episode WHERE ward = «icu» ORDER BY cost DESC NULLS LAST, id LIMIT 3
SELECT id, severity, certainty FROM diagnosis ORDER BY severity, certainty DESC, id
SELECT id, c_double FROM kinds ORDER BY c_double, id
SELECT id, c_int8 FROM kinds ORDER BY c_int8 DESC, id
SELECT id, c_date FROM kinds ORDER BY c_date, id
SELECT id, c_ts FROM kinds ORDER BY c_ts DESC, id
SELECT id, c_char FROM kinds ORDER BY c_char, id
SELECT id, c_numeric FROM kinds ORDER BY c_numeric, id
SELECT id, c_bool FROM kinds ORDER BY c_bool, id
SELECT id, c_real FROM kinds ORDER BY c_real, id
SELECT id, c_bytea FROM kinds ORDER BY c_bytea, id
SELECT id, c_uuid FROM kinds ORDER BY c_uuid, id
SELECT code, depth FROM borehole ORDER BY depth, code LIMIT 5
SELECT id FROM patient WHERE born > «1960-01-01» ORDER BY city NULLS FIRST, id LIMIT 12
SELECT id, name FROM patient ORDER BY city, name, id LIMIT 30
SELECT id FROM patient ORDER BY length(name), id LIMIT 30
SELECT id FROM patient ORDER BY born IS NULL, id LIMIT 5

## aggregates
SELECT count(*) FROM patient
SELECT count(email), count(born), count(note) FROM patient
SELECT count(*) FROM patient WHERE email = «doctor3@clinic.example»
SELECT count(*) FROM patient WHERE born < «1980-01-01»
SELECT count(DISTINCT email) FROM patient
SELECT count(DISTINCT sex), count(*) FROM patient
SELECT count(DISTINCT name) FROM patient
SELECT min(born), max(born) FROM patient
SELECT min(weight), max(weight) FROM patient WHERE city = «Delft»
SELECT min(cost), max(cost), count(cost) FROM episode
SELECT min(opened), max(closed) FROM episode
SELECT min(name), max(name) FROM patient
SELECT min(balance), max(balance) FROM patient
SELECT sum(balance) FROM patient
SELECT avg(balance) FROM patient
SELECT sum(balance), avg(balance), count(*) FROM patient WHERE city = «Ghent»
SELECT sum(cost) FROM episode WHERE ward = «A1»
SELECT avg(cost) FROM episode
SELECT sum(units), avg(units), min(units), max(units) FROM lab
SELECT sum(severity), avg(severity) FROM diagnosis
SELECT sum(certainty), avg(certainty) FROM diagnosis
SELECT sum(value) FROM lab WHERE test = «Hb»
SELECT sum(pages) FROM document
SELECT sum(visits), max(born) FROM patient
SELECT sum(balance) FROM patient WHERE false
SELECT count(*) AS n, sum(weight) AS total FROM patient
SELECT min(c_int8), max(c_int8), min(c_date), max(c_ts) FROM kinds
SELECT sum(c_int4) FROM kinds
SELECT sum(c_int2) FROM kinds
SELECT sum(c_scaled), avg(c_scaled) FROM kinds
SELECT count(*) FILTER (WHERE city = 'Delft'), count(*) FROM patient
SELECT bool_and(insured), bool_or(insured) FROM patient
SELECT sum(balance) + 1 FROM patient
SELECT round(avg(balance), 2) FROM patient
SELECT sum(DISTINCT severity) FROM diagnosis

## grouping
SELECT email, count(*) FROM patient GROUP BY email
SELECT sex, count(*) FROM patient GROUP BY sex
SELECT sex, insured, count(*) FROM patient GROUP BY sex, insured
SELECT city, count(*) FROM patient GROUP BY city
SELECT city, min(born), max(born) FROM patient GROUP BY city
SELECT city, sum(balance) FROM patient GROUP BY city
SELECT city, avg(balance), count(*) FROM patient GROUP BY city ORDER BY city
SELECT ward, sum(cost), avg(cost) FROM episode GROUP BY ward
SELECT ward, count(*) FROM episode GROUP BY ward HAVING count(*) > «40»
SELECT ward, max(cost) FROM episode GROUP BY ward HAVING max(cost) > «3990»
SELECT ward, sum(cost) FROM episode GROUP BY ward HAVING sum(cost) > 10000
SELECT code, count(*) AS n FROM diagnosis GROUP BY code ORDER BY n DESC, code
SELECT code, count(*) FROM diagnosis GROUP BY code ORDER BY count(*) DESC, code LIMIT 3
SELECT code, avg(severity) FROM diagnosis GROUP BY code
SELECT severity, count(*) FROM diagnosis GROUP BY severity ORDER BY severity
SELECT severity, count(DISTINCT code) FROM diagnosis GROUP BY severity
SELECT born, count(*) FROM patient GROUP BY born
SELECT test, min(units), max(units), sum(units) FROM lab GROUP BY test
SELECT test, sum(value) FROM lab GROUP BY 1
SELECT mrn, count(*) FROM lab GROUP BY mrn HAVING count(*) > 2
SELECT count(*) FROM patient GROUP BY email
SELECT c_char, count(*) FROM kinds GROUP BY c_char
SELECT c_bool, count(*) FROM kinds GROUP BY c_bool
SELECT count(*) FROM kinds GROUP BY c_numeric
SELECT city, sex, sum(visits) FROM patient GROUP BY city, sex
SELECT name, count(*) FROM patient GROUP BY name
SELECT upper(sex), count(*) FROM patient GROUP BY 1

## distinct
SELECT DISTINCT email FROM patient
SELECT DISTINCT sex, insured FROM patient
SELECT DISTINCT ward FROM episode ORDER BY ward
SELECT DISTINCT code FROM diagnosis WHERE severity > «3»
SELECT DISTINCT city FROM patient
SELECT DISTINCT name FROM patient
SELECT DISTINCT born FROM patient ORDER BY born LIMIT 10
SELECT DISTINCT severity, city FROM diagnosis d, patient p WHERE p.id = d.id
SELECT DISTINCT ON (city) city, id FROM patient ORDER BY city, id
SELECT DISTINCT ON (email) email, id FROM patient ORDER BY email, id

## expressions
SELECT id, balance + 1 FROM patient
SELECT id, balance * 2 AS twice, -balance FROM patient WHERE id < «20»
SELECT id, cost - 10, cost / 2 FROM episode WHERE id < «20»
SELECT id, units + 1, units - 1, units * 2, units / 2, units % 3 FROM lab
SELECT id, units + visits FROM lab JOIN patient USING (id)
SELECT id, severity + 1::smallint FROM diagnosis
SELECT id, certainty * 2 FROM diagnosis
SELECT id, name || ' of ' || city FROM patient
SELECT id, mrn || '-' || id FROM patient WHERE id < 10
SELECT id, name || «!» FROM patient WHERE id < 10
SELECT id, upper(name), lower(name) FROM patient
SELECT id FROM episode WHERE cost * 2 > «5000»
SELECT id FROM patient WHERE balance + 100 < «0»
SELECT id FROM lab WHERE units + 1 = «10»
SELECT id, born + 1 FROM patient
SELECT id, closed - opened FROM episode
SELECT id, units > 0 AS positive FROM lab
SELECT id, sex = 'f' AS woman FROM patient
SELECT id, email IS NULL AS without FROM patient
SELECT id, CASE WHEN sex = 'f' THEN 'woman' WHEN sex = 'm' THEN 'man' ELSE 'other' END FROM patient
SELECT id, CASE sex WHEN 'f' THEN name ELSE city END FROM patient
SELECT id, CASE WHEN balance < 0 THEN 'owes' ELSE 'has' END AS state FROM patient
SELECT count(CASE WHEN balance < 0 THEN 1 END) FROM patient
SELECT sum(CASE WHEN sex = 'f' THEN balance ELSE 0 END) FROM patient
SELECT id, units / 0 FROM lab WHERE id = 1
SELECT id, c_int4 + 1 FROM kinds
SELECT id, c_int2 + 1 FROM kinds
SELECT id, -c_int8 FROM kinds
SELECT id, abs(units) FROM lab
SELECT id, greatest(units, 0) FROM lab

## casts
SELECT id, balance::text FROM patient WHERE id < 9
SELECT id, balance::integer FROM patient WHERE id < 9
SELECT id, CAST(units AS bigint) FROM lab
SELECT id, born::text FROM patient
SELECT id, units::numeric(5,1) FROM lab
SELECT id, name::varchar(3) FROM patient
SELECT id FROM patient WHERE born::text LIKE '19%'
SELECT id FROM patient WHERE mrn::text = «MRN00037»
SELECT id FROM patient WHERE mrn = «MRN00037»::text
SELECT id FROM patient WHERE mrn = CAST('MRN00037' AS varchar)
SELECT id FROM patient WHERE born = DATE '1990-05-05'
SELECT id FROM episode WHERE opened > TIMESTAMPTZ '2024-06-01 00:00+00'
SELECT id FROM episode WHERE opened > TIMESTAMP '2024-06-01 00:00'
SELECT id FROM episode WHERE cost > «100»::integer
SELECT id FROM lab WHERE units = «3»::bigint
SELECT id FROM lab WHERE units::text = «3»
SELECT id FROM diagnosis WHERE code = «I10»::text
