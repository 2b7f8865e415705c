-- What a survey asks. Each is answered through the proxy as by the database alone.

-- all within a box
SELECT id, code, x, y FROM borehole WHERE x BETWEEN 83000000 AND 84000000 AND y BETWEEN 594000000 AND 595000000 ORDER BY id;
-- how many are in it, by aquifer
SELECT aquifer, count(*) FROM borehole WHERE x >= 83000000 AND x < 84500000 AND y >= 594000000 GROUP BY aquifer ORDER BY aquifer;
-- the box around all
SELECT min(x), min(y), max(x), max(y) FROM borehole;
-- one by its code
SELECT x, y, depth FROM borehole WHERE code = 'B-0007';
-- levels within the box
SELECT b.code, l.measured, l.metres FROM borehole b JOIN level l ON l.borehole = b.id WHERE b.x < 83500000 AND l.metres < 2.5 ORDER BY l.id;
-- highest, lowest and mean level of each aquifer
SELECT b.aquifer, min(l.metres), max(l.metres), avg(l.metres), count(*) FROM borehole b JOIN level l ON l.borehole = b.id GROUP BY b.aquifer ORDER BY b.aquifer;
-- mean level of a month
SELECT avg(metres), sum(metres) FROM level WHERE measured >= '2025-03-01' AND measured < '2025-04-01';
-- the nearest by a sum of distances, among those of a box
SELECT code, abs(x - 83500000) + abs(y - 594500000) AS away FROM borehole WHERE x BETWEEN 83000000 AND 84000000 ORDER BY 2, code LIMIT 5;
-- deep ones whose water stands high
SELECT code FROM borehole WHERE depth > 100 AND id IN (SELECT borehole FROM level WHERE metres < 1) ORDER BY id;
-- water below the borehole
SELECT b.id FROM borehole b JOIN level l ON l.borehole = b.id WHERE l.metres > b.depth ORDER BY b.id;
