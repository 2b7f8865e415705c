-- Columns that hold a stand-in of the same shape: tokens, and format-preserving encryption.

## stand-ins
SELECT * FROM badge
SELECT * FROM swipe
SELECT pan, phone FROM badge WHERE pan = «4007919-1»
SELECT id FROM badge WHERE pan = '4015838-2'
SELECT id FROM badge WHERE pan = 'never was'
SELECT id FROM badge WHERE pan <> 'never was'
SELECT id FROM badge WHERE NOT (pan = «never was»)
SELECT id FROM badge WHERE pan IN ('4007919-1', 'nobody', '4023757-3')
SELECT id FROM badge WHERE pan NOT IN ('4007919-1', 'nobody')
SELECT id FROM badge WHERE pan = ANY(«{4007919-1,nobody,NULL}»)
SELECT id FROM badge WHERE pin = '' OR pin = '12'
SELECT id FROM badge WHERE pin = «0000»
SELECT id FROM badge WHERE pin IS DISTINCT FROM '0000'
SELECT id FROM badge WHERE pin IS NULL
SELECT id FROM badge WHERE stamps = 42
SELECT id FROM badge WHERE stamps = 43
SELECT id FROM badge WHERE stamps = 42.5
SELECT id FROM badge WHERE stamps <> 42.5
SELECT id FROM badge WHERE stamps <> 43
SELECT id FROM badge WHERE stamps IN (0, -7, 99)
SELECT id FROM badge WHERE stamps = «2147483647»
SELECT id FROM badge WHERE stamps = 99999999999
SELECT id FROM badge WHERE price = 12.3
SELECT id FROM badge WHERE price <> «1»
SELECT id FROM badge WHERE price = 12.345
SELECT id FROM badge WHERE ref = «00000000-0000-0000-0000-000000000000»
SELECT id FROM badge WHERE ref <> '00000000-0000-0000-0000-000000000000'
SELECT id FROM badge WHERE ref = (SELECT ref FROM badge WHERE id = 3)
SELECT pin, count(*) FROM badge GROUP BY pin
SELECT pin, count(*) FROM badge GROUP BY pin HAVING count(*) > 3
SELECT DISTINCT pin FROM badge
SELECT DISTINCT stamps FROM badge
SELECT count(DISTINCT pin), count(pin), count(DISTINCT stamps) FROM badge
SELECT stamps, count(*) FROM badge WHERE city = «Graz» GROUP BY stamps
SELECT phone, count(*) FROM badge GROUP BY phone
SELECT count(DISTINCT phone) FROM swipe
SELECT DISTINCT phone FROM swipe
SELECT id FROM swipe WHERE phone = «0005550000»
SELECT id FROM swipe WHERE phone = '0005550037'
SELECT id FROM swipe WHERE phone = 'no digits'
SELECT id FROM swipe WHERE phone <> 'no digits'
SELECT id FROM swipe WHERE phone = ''
SELECT id FROM swipe WHERE phone IN ('0005550037', 'x', «0005550074»)
SELECT id FROM swipe WHERE serial = «00019919»
SELECT id FROM swipe WHERE serial = 'ABCDEF00'
SELECT b.id, s.id FROM badge b JOIN swipe s ON s.pan = b.pan
SELECT b.id, s.id FROM badge b JOIN swipe s ON s.pan = b.pan AND s.phone = b.phone
SELECT b.id, s.id FROM badge b JOIN swipe s USING (phone)
SELECT b.id, count(s.id) FROM badge b LEFT JOIN swipe s USING (pan) GROUP BY b.id
SELECT id FROM badge WHERE pan IN (SELECT pan FROM swipe WHERE door = 3)
SELECT id FROM badge b WHERE EXISTS (SELECT 1 FROM swipe s WHERE s.pan = b.pan)
SELECT a.id, b.id FROM badge a JOIN badge b ON a.pin = b.pin AND a.id < b.id
WITH w AS (SELECT pan FROM swipe WHERE door = 1) SELECT b.id FROM badge b JOIN w USING (pan)
SELECT id, pan FROM badge ORDER BY id LIMIT 5
SELECT upper(pin), length(pan) FROM badge WHERE id < 9
SELECT id FROM badge WHERE stamps > 1
SELECT id FROM badge WHERE pan LIKE '400%'
SELECT max(stamps), min(stamps), sum(stamps) FROM badge
SELECT sum(price) FROM badge WHERE city = 'Delft'
SELECT id FROM badge ORDER BY stamps, id

## stand-ins written
INSERT INTO badge (id, pan) VALUES (901, 'new-1') ;; SELECT id FROM badge WHERE pan = 'new-1'
INSERT INTO badge (id, pan) VALUES (902, '4007919-1')
INSERT INTO badge (id, pan) VALUES (903, 'p3'), (904, 'p3')
INSERT INTO badge (id, pan) VALUES (905, 'p5'), (906, 'p6') RETURNING *
INSERT INTO badge VALUES («907», «p7», «Zz», «-1», «1.5», «aaaaaaaa-1111-2222-3333-444444444444», «0005550000», «Graz») RETURNING *
INSERT INTO badge (id, pan, pin) VALUES (908, 'p8', 'longer')
INSERT INTO badge (id, pan, stamps) VALUES (909, 'p9', 9999999999)
INSERT INTO badge (id, pan, phone) VALUES (910, 'p10', 'letters')
INSERT INTO badge (id, pan, phone) VALUES (911, 'p11', '12')
INSERT INTO badge (id, pan, city) VALUES (912, '4007919-1', 'x') ON CONFLICT (pan) DO NOTHING
INSERT INTO badge (id, pan, pin) VALUES (913, '4015838-2', 'q') ON CONFLICT (pan) DO UPDATE SET city = 'moved' RETURNING id, city
UPDATE badge SET pin = 'UP' WHERE pan = «4007919-1»
UPDATE badge SET pan = pan WHERE id < 5
UPDATE badge SET stamps = stamps + 1 WHERE id < 9
UPDATE badge SET stamps = NULL, pin = NULL WHERE city = 'Graz'
UPDATE badge SET pan = '4007919-1' WHERE id = 7
UPDATE swipe SET phone = '0005550000' WHERE phone = '0005550037'
UPDATE swipe SET pan = 'unseen' WHERE door = 2 ;; SELECT count(*) FROM swipe WHERE pan = 'unseen'
DELETE FROM badge WHERE pin = '0000'
DELETE FROM badge WHERE pan = 'nobody' RETURNING id
DELETE FROM swipe WHERE pan IN (SELECT pan FROM badge WHERE city = 'Turin')
COPY badge (id, pan, pin, stamps) FROM STDIN << 920\tc1\tx\t5\n921\tc2\t\\N\t\\N\n922\tc3\t12\t-7\n
COPY swipe (id, pan, phone, serial) FROM STDIN (FORMAT csv) << 930,zz,0005550000,00ff00ff\n931,,,\n
COPY swipe (id, serial) FROM STDIN << 932\tnothex!!\n
COPY badge TO STDOUT
COPY (SELECT pan, phone FROM badge ORDER BY id) TO STDOUT (FORMAT csv, HEADER)
