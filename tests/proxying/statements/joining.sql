-- Several tables, and queries in queries.

## joins
SELECT p.name, e.cost FROM patient p JOIN episode e ON e.patient = p.id
SELECT p.name, e.cost FROM patient p JOIN episode e ON e.patient = p.id WHERE p.mrn = «MRN00037»
SELECT p.id, l.value FROM patient p JOIN lab l ON l.mrn = p.mrn
SELECT p.id, l.id FROM patient p, lab l WHERE l.mrn = p.mrn AND l.test = «Hb»
SELECT p.id, l.id FROM patient p LEFT JOIN lab l ON l.mrn = p.mrn
SELECT p.id, l.id FROM lab l RIGHT JOIN patient p ON l.mrn = p.mrn WHERE p.city = «Graz»
SELECT p.id, l.id FROM patient p FULL JOIN lab l ON l.mrn = p.mrn
SELECT p.id, l.units FROM patient p JOIN lab l USING (mrn)
SELECT mrn, p.id FROM patient p JOIN lab l USING (mrn) WHERE mrn = «MRN00037»
SELECT * FROM patient p JOIN lab l USING (mrn) WHERE p.id = 3
SELECT mrn, count(*) FROM patient JOIN lab USING (mrn) GROUP BY mrn
SELECT p.id, d.title FROM patient p NATURAL JOIN (SELECT mrn, title FROM document) d
SELECT p.id, l.id, d.id FROM patient p JOIN lab l ON l.mrn = p.mrn JOIN document d ON d.mrn = p.mrn
SELECT a.id, b.id FROM patient a JOIN patient b ON a.email = b.email AND a.id < b.id WHERE a.id < «20»
SELECT a.id, b.id FROM borehole a JOIN borehole b ON a.owner = b.owner AND a.id <> b.id
SELECT p.id, e.id FROM patient p JOIN episode e ON p.email = e.doctor WHERE e.id < 20
SELECT e.id, d.code FROM episode e JOIN diagnosis d ON d.episode = e.id WHERE e.ward = «icu»
SELECT b.code, l.metres FROM borehole b JOIN level l ON l.code = b.code WHERE b.depth > «50»
SELECT b.code, count(l.id) FROM borehole b LEFT JOIN level l ON l.code = b.code GROUP BY b.code
SELECT b.code, min(l.metres), max(l.metres) FROM borehole b JOIN level l USING (code) GROUP BY b.code
SELECT b.id, n.seq, n.x FROM borehole b JOIN line n ON n.code = b.code ORDER BY b.id, n.id
SELECT b.code, l.at FROM borehole b JOIN level l USING (code) ORDER BY l.at, l.id LIMIT 10
SELECT p.name, t.people FROM patient p JOIN town t ON t.name = p.city
SELECT p.name, t.people FROM patient p LEFT JOIN town t ON t.name = p.city WHERE t.people > «100000»
SELECT p.id FROM patient p CROSS JOIN town t WHERE t.name = «Delft» AND p.mrn = «MRN00037»
SELECT e.id, f.id FROM episode e JOIN episode f ON e.opened < f.opened AND f.id = e.id + 1
SELECT p.id, l.id FROM patient p JOIN lab l ON l.mrn = p.mrn AND l.units > «10»
SELECT p.id, x.value FROM patient p JOIN LATERAL (SELECT value FROM lab l WHERE l.mrn = p.mrn) x ON true
SELECT p.id, e.ward FROM patient p INNER JOIN episode e ON (p.id = e.patient) WHERE p.sex = «f» AND e.ward IN ('A1', 'B1')
SELECT p.name, q.name FROM patient p, patient q WHERE p.mrn = q.mrn AND p.id = 4
SELECT p.id FROM patient p JOIN episode e ON p.mrn = e.ward
SELECT b.id FROM borehole b JOIN patient p ON b.owner = p.email
SELECT p.id, l.id FROM patient p JOIN lab l ON l.mrn <> p.mrn WHERE p.id = 1 AND l.id < 5
SELECT sum(l.units) FROM patient p JOIN lab l USING (mrn) WHERE p.city = «Turin»
SELECT (p).name FROM patient p WHERE p.id = 1

## views
SELECT * FROM card
SELECT name FROM card WHERE mrn = «MRN00037»
SELECT c.name, c.city FROM card c WHERE id < «10»
SELECT city, count(*) FROM card GROUP BY city
SELECT mrn, sum(cost) FROM stay GROUP BY mrn
SELECT ward, max(cost) FROM stay WHERE mrn = «MRN00037» GROUP BY ward
SELECT card.name, lab.units FROM card JOIN lab ON lab.mrn = card.mrn WHERE card.id = 5

## common tables
WITH w AS (SELECT id, mrn, name FROM patient) SELECT name FROM w WHERE mrn = «MRN00037»
WITH w AS (SELECT * FROM patient WHERE city = «Delft») SELECT id, name FROM w WHERE sex = «f»
WITH w (a, b) AS (SELECT id, name FROM patient) SELECT b, a FROM w WHERE a < 10
WITH w AS (SELECT email, count(*) AS n FROM patient GROUP BY email) SELECT * FROM w WHERE n > 5
WITH a AS (SELECT mrn FROM patient WHERE id < 50), b AS (SELECT mrn, units FROM lab) SELECT a.mrn, b.units FROM a JOIN b USING (mrn)
WITH a AS (SELECT 1 AS id), patient AS (SELECT 2 AS id, 'x' AS name) SELECT patient.name FROM patient
WITH w AS MATERIALIZED (SELECT code, x, y FROM borehole) SELECT code FROM w WHERE x > «4000»
WITH w AS (SELECT id, name FROM patient) SELECT a.name FROM w a JOIN w b ON a.id = b.id WHERE a.id < 4
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT p.name FROM patient p JOIN r ON r.n = p.id
WITH n AS (SELECT 3 AS id) SELECT name FROM patient WHERE id = (SELECT id FROM n)

## subqueries
SELECT id FROM patient WHERE mrn IN (SELECT mrn FROM lab WHERE test = «Hb»)
SELECT id FROM patient WHERE mrn NOT IN (SELECT mrn FROM lab WHERE mrn IS NOT NULL)
SELECT id FROM patient p WHERE EXISTS (SELECT 1 FROM lab l WHERE l.mrn = p.mrn AND l.units > «20»)
SELECT id FROM patient p WHERE NOT EXISTS (SELECT 1 FROM lab l WHERE l.mrn = p.mrn)
SELECT id FROM patient WHERE id IN (SELECT patient FROM episode WHERE ward = «icu»)
SELECT id, (SELECT count(*) FROM lab l WHERE l.mrn = p.mrn) FROM patient p
SELECT id, (SELECT max(cost) FROM episode e WHERE e.patient = p.id) AS most FROM patient p
SELECT name FROM patient WHERE born = (SELECT max(born) FROM patient)
SELECT name FROM patient WHERE weight > (SELECT min(weight) FROM patient WHERE sex = «f»)
SELECT name FROM patient WHERE balance > (SELECT avg(balance) FROM patient)
SELECT s.name FROM (SELECT id, name FROM patient) s WHERE s.id = «3»
SELECT s.n FROM (SELECT name AS n, mrn AS m FROM patient) s WHERE s.m = «MRN00037»
SELECT count(*) FROM (SELECT DISTINCT email FROM patient) s
SELECT s.city, s.n FROM (SELECT city, count(*) AS n FROM patient GROUP BY city) s WHERE s.n > 10
SELECT max(n) FROM (SELECT email, count(*) AS n FROM patient GROUP BY email) s
SELECT s.id FROM (SELECT id, born FROM patient ORDER BY born, id LIMIT 5) s
SELECT upper(s.name), s.city, s.visits + 1 FROM (SELECT id, name, city, visits FROM patient WHERE visits > 2 OFFSET 0) s ORDER BY s.id
SELECT s.n || '!' AS m FROM (SELECT id, name FROM patient) AS s (i, n) WHERE s.n LIKE '%a%' AND s.i < 40
SELECT sum(s.balance), count(*), s.city FROM (SELECT balance, city FROM patient) s GROUP BY s.city
SELECT s.id, s.balance * 2 FROM (SELECT * FROM patient WHERE city = «Delft») s WHERE s.balance > 10 ORDER BY s.id
WITH w AS (SELECT id, name, weight FROM patient WHERE born < «1990-01-01») SELECT id, lower(name), weight + 1 FROM w ORDER BY id
WITH w (a, b) AS (SELECT id, balance FROM patient) SELECT a, b / 3 FROM w WHERE b < 0 ORDER BY a
SELECT p.id, length(s.remark) FROM patient p LEFT JOIN (SELECT id, remark FROM diagnosis WHERE severity > 5) s ON s.id = p.id ORDER BY p.id
SELECT s.low - 1 FROM (SELECT min(born) AS low FROM patient GROUP BY city) s
SELECT s.e || 'x', s.n FROM (SELECT email AS e, count(*) AS n FROM patient GROUP BY email) s WHERE s.e LIKE 'd%'
SELECT s.v * 2, lower(s.n) FROM (SELECT visits AS v, name AS n FROM patient UNION ALL SELECT 0.5, name FROM patient) s WHERE s.n LIKE 'A%'
SELECT s.code || '?' FROM (SELECT DISTINCT code FROM diagnosis) s ORDER BY 1 COLLATE "C"
SELECT upper(a.name) FROM (SELECT id, name FROM patient) a JOIN (SELECT id, city FROM patient) b USING (id) WHERE b.city = «Delft» ORDER BY id
SELECT s.sex || s.city, s.note FROM (SELECT sex, city, note FROM patient) s WHERE s.sex || s.city = 'fDelft'
SELECT t.x + 1 FROM (SELECT s.b AS x, s.n FROM (SELECT balance AS b, name AS n FROM patient) s) t WHERE t.n LIKE '%o%'
SELECT id FROM episode WHERE cost = ANY (SELECT cost FROM episode WHERE id < 5)
SELECT id FROM episode WHERE cost > ALL (SELECT cost FROM episode WHERE id < 5 AND cost IS NOT NULL)
SELECT code FROM borehole WHERE code = (SELECT code FROM level WHERE id = «5»)

## union
SELECT name FROM patient WHERE id < 5 UNION SELECT name FROM town
SELECT id, name FROM patient WHERE id < 3 UNION ALL SELECT id, name FROM patient WHERE id = 2
SELECT email FROM patient UNION SELECT doctor FROM episode
SELECT mrn FROM patient INTERSECT SELECT mrn FROM lab
SELECT mrn FROM patient EXCEPT SELECT mrn FROM lab
SELECT code FROM borehole UNION ALL SELECT code FROM level
SELECT id FROM patient WHERE sex = 'f' UNION SELECT id FROM patient WHERE email IS NULL
SELECT born FROM patient UNION ALL SELECT drilled FROM borehole
SELECT id, city FROM patient WHERE mrn = «MRN00037» UNION SELECT 0, 'none' ORDER BY 1
VALUES (1, 'a'), (2, 'b')

## windows : outside
SELECT id, row_number() OVER (ORDER BY id) FROM patient
SELECT id, rank() OVER (ORDER BY born) FROM patient
SELECT id, sum(balance) OVER (PARTITION BY city ORDER BY id) FROM patient
SELECT id, lag(name) OVER (ORDER BY id) FROM patient
SELECT id, city, count(*) OVER (PARTITION BY email) FROM patient
SELECT string_agg(name, ',' ORDER BY id) FROM patient
SELECT array_agg(units ORDER BY id) FROM lab
SELECT city, array_agg(id ORDER BY id) FROM patient GROUP BY city
SELECT stddev(units), variance(units) FROM lab
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY units) FROM lab
SELECT extract(year FROM born) FROM patient
SELECT date_trunc('month', opened), count(*) FROM episode GROUP BY 1
SELECT city, count(*) FROM patient GROUP BY ROLLUP (city)
SELECT city, sex, count(*) FROM patient GROUP BY GROUPING SETS ((city), (sex))
SELECT substring(name FROM 1 FOR 2) FROM patient
SELECT meta->>'a' FROM document
SELECT id FROM document WHERE meta @> '{"a": 1}'
SELECT id FROM lab WHERE 'high' = ANY (flags)
SELECT id FROM patient WHERE name ~ '^A'
SELECT id FROM patient WHERE name SIMILAR TO 'A%'
SELECT md5(name) FROM patient
SELECT format('%s', name) FROM patient
SELECT id FROM patient TABLESAMPLE SYSTEM (100) WHERE mrn = 'MRN00037'
