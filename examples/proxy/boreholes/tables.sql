CREATE TABLE borehole (
    id bigint PRIMARY KEY,
    code varchar(20) NOT NULL UNIQUE,
    x bigint NOT NULL,
    y bigint NOT NULL,
    aquifer varchar(20) NOT NULL,
    depth numeric(7, 2) NOT NULL
);
CREATE INDEX borehole_x ON borehole (x);
CREATE INDEX borehole_y ON borehole (y);
CREATE TABLE level (
    id bigint PRIMARY KEY,
    borehole bigint NOT NULL REFERENCES borehole (id),
    measured date NOT NULL,
    metres numeric(7, 2) NOT NULL
);
CREATE INDEX level_borehole ON level (borehole, measured);
