## words: found
SELECT id FROM note WHERE text @@ to_tsquery('simple', 'fever') ORDER BY id
SELECT id, text FROM note WHERE text @@ to_tsquery('simple', «fever & cough») ORDER BY id
SELECT id FROM note WHERE to_tsvector('simple', text) @@ to_tsquery('simple', «fever | ankle») ORDER BY id
SELECT id FROM note WHERE to_tsquery('simple', 'ankle') @@ to_tsvector('simple', text) ORDER BY id
SELECT id FROM note WHERE text @@ plainto_tsquery('simple', «acute sprain») ORDER BY id
SELECT count(*) FROM note WHERE sealhold_word(text, 'chronic')
SELECT count(*) FROM note WHERE sealhold_word(text, 'chronic & !left')
SELECT id FROM note WHERE text @@ to_tsquery('simple', 'pen:*') ORDER BY id
SELECT id FROM note WHERE text @@ to_tsquery('simple', '!fever') ORDER BY id
SELECT id FROM note WHERE text @@ to_tsquery('simple', 'nobody') ORDER BY id
SELECT id FROM note WHERE text @@ to_tsquery('simple', '')
SELECT id FROM note WHERE text @@ to_tsquery('simple', 'fever &')
SELECT id FROM note WHERE text @@ to_tsquery('simple', «NULL»)
SELECT id FROM note WHERE sealhold_word(kind, «fever») ORDER BY id
SELECT id FROM note WHERE kind = «fever» AND text @@ to_tsquery('simple', «left») ORDER BY id
SELECT id, title FROM document WHERE sealhold_word(title, «stable») ORDER BY id

## words: logic
SELECT id FROM note WHERE NOT text @@ to_tsquery('simple', 'fever') ORDER BY id
SELECT id FROM note WHERE NOT (sealhold_word(text, 'fever') AND ward = 'A1') ORDER BY id
SELECT id FROM note WHERE sealhold_word(text, 'fever') OR ward = 'icu' ORDER BY id
SELECT id FROM note WHERE sealhold_word(text, 'fever') OR sealhold_word(text, 'left') ORDER BY id
SELECT id FROM note WHERE sealhold_word(text, 'fever') IS NULL ORDER BY id
SELECT id FROM note WHERE sealhold_word(text, 'fever') IS NOT TRUE ORDER BY id
SELECT id, sealhold_word(text, 'fever') FROM note ORDER BY id
SELECT id, text @@ to_tsquery('simple', '!fever & left') AS yes FROM note ORDER BY id
SELECT count(*) FILTER (WHERE sealhold_word(text, 'fever')) FROM note
SELECT CASE WHEN sealhold_word(text, 'fever') THEN 1 ELSE 0 END FROM note ORDER BY id
SELECT ward, count(*) FROM note WHERE sealhold_word(text, «left») GROUP BY ward ORDER BY ward
SELECT n.id, d.pages FROM note n JOIN document d ON sealhold_word(d.title, 'fever') AND d.pages = n.id ORDER BY 1, 2
SELECT n.id FROM note n LEFT JOIN notice m ON m.id = n.id WHERE sealhold_word(m.text, 'fever') ORDER BY 1
SELECT n.id, sealhold_word(m.text, 'fever') FROM note n LEFT JOIN notice m ON m.id = n.id ORDER BY 1
SELECT id FROM note WHERE EXISTS (SELECT 1 FROM notice m WHERE m.id = note.id AND sealhold_word(m.text, 'left')) ORDER BY id
SELECT id FROM (SELECT id, text FROM note WHERE ward = 'A1') x WHERE sealhold_word(x.text, 'fever') ORDER BY id
WITH w AS (SELECT id, text FROM note) SELECT id FROM w WHERE sealhold_word(text, 'cough') ORDER BY id
SELECT id FROM note WHERE sealhold_word(text, 'fever') AND score > 100 ORDER BY id
SELECT id FROM note WHERE sealhold_word(text, 'fever') ORDER BY id LIMIT 3 OFFSET 1
SELECT id FROM note WHERE sealhold_word(text, 'fever') AND lower(kind) = 'cough' ORDER BY id
SELECT n.id FROM note n WHERE n.id IN (SELECT m.id FROM notice m WHERE sealhold_word(m.text, 'fever')) ORDER BY 1

## words: other ways
COPY (SELECT id, text FROM note WHERE sealhold_word(text, 'fever') ORDER BY id) TO STDOUT
COPY (SELECT id FROM note WHERE score BETWEEN 50 AND 90 ORDER BY id) TO STDOUT
PREPARE q (text) AS SELECT id FROM note WHERE sealhold_word(text, $1) ORDER BY id ;; EXECUTE q('fever') ;; EXECUTE q('left | right') ;; EXECUTE q(NULL) ;; DEALLOCATE q
PREPARE r (integer, numeric) AS SELECT id FROM note WHERE score > $1 AND fee < $2 ORDER BY id ;; EXECUTE r(100, 300.5) ;; DEALLOCATE r
PREPARE w (integer, text) AS INSERT INTO note (id, text) VALUES ($1, $2) ;; EXECUTE w(941, 'rash') ;; SELECT id FROM note WHERE sealhold_word(text, 'rash') ;; DEALLOCATE w ;; DELETE FROM note WHERE id = 941
BEGIN ;; DECLARE c CURSOR FOR SELECT id FROM note WHERE sealhold_word(text, 'fever') ORDER BY id ;; FETCH 3 FROM c ;; FETCH 2 FROM c ;; ROLLBACK
SELECT id FROM note WHERE score > ANY (ARRAY[350, 390]) ORDER BY id
SELECT id FROM note WHERE sealhold_word(text, 'fever') UNION ALL SELECT id FROM notice WHERE sealhold_word(text, 'fever')
SELECT id FROM note WHERE score > 300 FOR UPDATE
SELECT id FROM note WHERE sealhold_word(text, 'fever') ORDER BY id FOR UPDATE

## words: refused
SELECT id FROM note WHERE text @@ to_tsquery('simple', 'a-b')
SELECT id FROM note WHERE text @@ to_tsquery('english', 'fever')
SELECT id FROM patient WHERE sealhold_word(name, 'Ada')

## ranges: found
SELECT id, score FROM note WHERE score = 100 ORDER BY id
SELECT id, score FROM note WHERE score BETWEEN 50 AND 90 ORDER BY id
SELECT id FROM note WHERE score BETWEEN «50» AND «90» ORDER BY id
SELECT id, score FROM note WHERE score > 350 ORDER BY id
SELECT id FROM note WHERE score >= «10» AND score < «60» ORDER BY id
SELECT id FROM note WHERE 30 >= score ORDER BY id
SELECT id FROM note WHERE score > 1000 ORDER BY id
SELECT id FROM note WHERE score < 7.5 ORDER BY id
SELECT id FROM note WHERE score = 7.5 ORDER BY id
SELECT id, fee FROM note WHERE fee BETWEEN 100 AND 250.5 ORDER BY id
SELECT id FROM note WHERE fee >= «899.99» ORDER BY id
SELECT id FROM note WHERE fee < 12.345 ORDER BY id
SELECT id FROM note WHERE score = «NULL» ORDER BY id
SELECT count(*), sum(score) FROM note WHERE score BETWEEN 0 AND 100
SELECT id FROM note WHERE score BETWEEN 90 AND 50 ORDER BY id
SELECT id FROM note WHERE score > 100 AND fee < 300 ORDER BY id
SELECT id FROM note WHERE NOT score > 100 ORDER BY id
SELECT id FROM note WHERE score > 300 OR fee > 800 ORDER BY id
SELECT id FROM note WHERE score IN (1, 2, 3, 100) ORDER BY id
SELECT id FROM note WHERE score <> 100 ORDER BY id
SELECT id FROM note WHERE score > id ORDER BY id
SELECT id, score FROM note WHERE score > 200 ORDER BY score DESC, id LIMIT 5
SELECT ward, max(score) FROM note WHERE score > 20 GROUP BY ward ORDER BY ward
SELECT n.id FROM note n JOIN notice m ON m.id = n.id WHERE n.score > 100 AND m.level <= 4 ORDER BY 1
SELECT id FROM notice WHERE level BETWEEN 2 AND 5 ORDER BY id
SELECT id FROM notice WHERE level = 3 ORDER BY id

## words and ranges: changed
INSERT INTO note (id, text, score) VALUES (901, 'fever and a rash', 17), (902, NULL, NULL) ;; SELECT id FROM note WHERE sealhold_word(text, 'rash') OR sealhold_word(text, 'and') ORDER BY id ;; SELECT id FROM note WHERE score = 17 ORDER BY id
INSERT INTO note (id, text, kind, score, fee) VALUES (903, «fever rash», «rash», «399», «1.25») RETURNING id, text, fee ;; SELECT id FROM note WHERE sealhold_word(kind, 'rash')
INSERT INTO note (id, score) VALUES (904, 401)
INSERT INTO note VALUES (905, 'left') ;; UPDATE note SET text = 'right rash' WHERE id = 905 ;; SELECT id FROM note WHERE sealhold_word(text, 'rash') ;; SELECT count(*) FROM note WHERE sealhold_word(text, 'left')
UPDATE note SET text = text || ' rash' WHERE id < 9 ;; SELECT id, text FROM note WHERE sealhold_word(text, 'rash') ORDER BY id
UPDATE note SET text = NULL WHERE sealhold_word(text, «fever») ;; SELECT id FROM note WHERE sealhold_word(text, 'fever') ORDER BY id ;; SELECT count(*) FROM note WHERE text IS NULL
UPDATE note SET score = score + 1 WHERE score BETWEEN 100 AND 200 ;; SELECT id, score FROM note WHERE score BETWEEN 100 AND 201 ORDER BY id
UPDATE note SET fee = «5.55» WHERE fee > «800» ;; SELECT id FROM note WHERE fee = 5.55 ORDER BY id
UPDATE note SET ward = 'B9' WHERE sealhold_word(text, 'cough') ;; SELECT id, ward FROM note ORDER BY id
UPDATE note SET text = «ankle rash», score = «3» WHERE id = 4 RETURNING id, text, score ;; SELECT id FROM note WHERE sealhold_word(text, 'ankle & rash')
DELETE FROM note WHERE sealhold_word(text, 'fever') ;; SELECT count(*) FROM note ;; SELECT count(*) FROM note WHERE sealhold_word(text, 'cough')
DELETE FROM note WHERE score < 50 RETURNING id ;; SELECT count(*) FROM note WHERE score < 60
DELETE FROM note ;; SELECT id FROM note WHERE sealhold_word(text, 'fever')
TRUNCATE note ;; SELECT count(*) FROM note WHERE sealhold_word(text, 'fever') ;; INSERT INTO note (id, text) VALUES (1, 'fever') ;; SELECT id FROM note WHERE sealhold_word(text, 'fever')
INSERT INTO notice VALUES (901, 'n1', 'rash', 4) ON CONFLICT (tag) DO NOTHING ;; SELECT id FROM notice WHERE sealhold_word(text, 'rash')
INSERT INTO notice VALUES (902, 'n2', 'rash', 4) ON CONFLICT (tag) DO UPDATE SET text = excluded.text, level = excluded.level ;; SELECT id, text, level FROM notice WHERE sealhold_word(text, 'rash') ;; SELECT id FROM notice WHERE level = 4 ORDER BY id
INSERT INTO notice VALUES (903, 'n3', 'rash', 4) ON CONFLICT (tag) DO UPDATE SET text = 'other' ;; SELECT id FROM notice WHERE sealhold_word(text, 'other')
INSERT INTO notice VALUES (904, 'n904', 'rash', 4) ON CONFLICT (tag) DO UPDATE SET text = excluded.text, level = excluded.level ;; SELECT id FROM notice WHERE sealhold_word(text, 'rash')
COPY note (id, text, score) FROM STDIN <<911\tfever rash\t5\n912\t\\N\t\\N\n913\trash\t399\n ;; SELECT id FROM note WHERE sealhold_word(text, 'rash') ORDER BY id ;; SELECT id FROM note WHERE score = 399 ORDER BY id
INSERT INTO note VALUES (3, 'rash', 'rash', 7, 7.5, 'A1') ON CONFLICT (id) DO UPDATE SET text = excluded.text, kind = excluded.kind, score = excluded.score, fee = excluded.fee ;; SELECT id, text, ward FROM note WHERE sealhold_word(text, 'rash') ;; SELECT id FROM note WHERE score = 7 ;; UPDATE note SET text = 'left' WHERE id = 3 ;; SELECT id FROM note WHERE sealhold_word(text, 'rash')
INSERT INTO note VALUES (4, 'rash', 'rash', 7, 7.5, 'Z1') ON CONFLICT (id) DO UPDATE SET ward = excluded.ward ;; SELECT id, text, ward FROM note WHERE ward = 'Z1' ;; SELECT id FROM note WHERE sealhold_word(text, 'rash')
UPDATE notice SET level = NULL WHERE level > 5 ;; SELECT id FROM notice WHERE level > 3 ORDER BY id

## words and ranges: transactions : own
CREATE VIEW seen AS SELECT id, text FROM note ;; SELECT id FROM seen WHERE sealhold_word(text, 'fever') ORDER BY id ;; SELECT count(*) FROM seen WHERE NOT sealhold_word(text, 'fever') ;; DROP VIEW seen
BEGIN ;; INSERT INTO note (id, text) VALUES (921, 'rash') ;; SELECT id FROM note WHERE sealhold_word(text, 'rash') ;; ROLLBACK ;; SELECT id FROM note WHERE sealhold_word(text, 'rash')
BEGIN ;; INSERT INTO note (id, text) VALUES (922, 'rash') ;; SAVEPOINT s ;; INSERT INTO note (id, text) VALUES (923, 'rash') ;; ROLLBACK TO s ;; SELECT id FROM note WHERE sealhold_word(text, 'rash') ;; COMMIT ;; SELECT id FROM note WHERE sealhold_word(text, 'rash') ;; DELETE FROM note WHERE id = 922 ;; SELECT id FROM note WHERE sealhold_word(text, 'rash')
BEGIN ;; INSERT INTO note (id, text) VALUES (924, 'rash') ;; INSERT INTO note (id, text) VALUES (1, 'rash') ;; COMMIT ;; SELECT id FROM note WHERE sealhold_word(text, 'rash')
BEGIN ;; UPDATE note SET text = 'rash' WHERE id = 5 ;; SAVEPOINT a ;; UPDATE note SET text = 'left' WHERE id = 5 ;; SAVEPOINT b ;; RELEASE a ;; ROLLBACK ;; SELECT id FROM note WHERE sealhold_word(text, 'rash')
BEGIN ;; TRUNCATE notice ;; INSERT INTO notice (id, text) VALUES (1, 'fever') ;; ROLLBACK ;; SELECT id FROM notice WHERE sealhold_word(text, 'fever') ORDER BY id
BEGIN ISOLATION LEVEL REPEATABLE READ ;; SELECT count(*) FROM note WHERE sealhold_word(text, 'fever') ;; ROLLBACK
INSERT INTO note (id, text) VALUES (931, 'rash'); DELETE FROM note WHERE id = 931 ;; SELECT id FROM note WHERE sealhold_word(text, 'rash')
