-- What touches nothing protected goes through as it is.

## clear
SELECT 1
SELECT 1 AS a, 'b' AS b, NULL AS c, true AS d, 1.5 AS e
SELECT «a» || «b»
SELECT «1»::integer + 1, «2024-01-01»::date, «x»::text
SELECT * FROM town
SELECT people FROM town WHERE name = «Delft»
SELECT t.name, t.people * 2 FROM town t ORDER BY t.name
SELECT generate_series(1, 5)
SELECT * FROM generate_series(1, 3) AS g (n)
SELECT current_user IS NOT NULL, current_schema()
SELECT current_setting('server_version_num')::integer / 10000
SELECT /* a comment */ count(*) FROM town -- the end
SELECT name FROM town WHERE name IN (SELECT city FROM patient)
SELECT array[1, 2, 3], '{"a": 1}'::jsonb, '1 day'::interval, '10.0.0.1'::inet
SELECT '\xdeadbeef'::bytea, 'a'::"char", 1::oid, 'x'::name
SELECT now() > '2000-01-01', clock_timestamp() IS NOT NULL
SELECT count(*) FROM pg_class WHERE relname = 'town'
SELECT count(*) FROM information_schema.tables WHERE table_name = 'town'
SELECT pg_typeof(people) FROM town LIMIT 1
SELECT coalesce(NULL, 'x'), nullif(1, 1), greatest(1, 2), least(1, 2)
SELECT row_number() OVER (ORDER BY name), name FROM town ORDER BY name
EXPLAIN (COSTS OFF) SELECT name FROM town WHERE name = 'Delft'
SHOW server_encoding
SHOW transaction_isolation

## errors
SELECT
SELECT FROM WHERE
SELEC 1
SELECT * FROM no_such_table
SELECT no_such_column FROM patient
SELECT no_such_column FROM town
SELECT p.name FROM patient q
SELECT name FROM patient, town
SELECT id FROM patient, episode
SELECT 1 / 0
SELECT 'x'::integer
SELECT id FROM patient WHERE born = 'no date'
SELECT id FROM patient WHERE born = «no date»
SELECT id FROM lab WHERE units = «x»
SELECT id FROM kinds WHERE c_uuid = 'x'
SELECT id FROM kinds WHERE c_int2 = 'x'
SELECT id FROM kinds WHERE c_int2 = «99999»
SELECT id FROM patient WHERE insured = «perhaps»
SELECT id FROM patient WHERE weight = «x»
SELECT id FROM patient WHERE mrn = 5
SELECT id FROM lab WHERE units = true
SELECT city, name FROM patient GROUP BY city
SELECT sum(name) FROM patient
SELECT name FROM patient ORDER BY 9
SELECT name FROM patient LIMIT -1
SELECT a.name FROM patient a JOIN patient a ON true
SELECT no_such_function(name) FROM patient
SELECT name FROM patient UNION SELECT id FROM patient
SELECT id FROM patient WHERE id = (SELECT patient FROM episode)
SELECT count(*) FROM patient WHERE count(*) > 1
