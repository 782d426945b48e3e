-- Points to be found by place: the pick-up and drop-off of each trip, and whatever else comes to
-- be asked for by nearness or area; empty until somebody asks. Core PostgreSQL only; the branch `postgis` adds to this table.
CREATE TABLE storage.spatial_point (
    owner uuid NOT NULL,
    role text NOT NULL CHECK (length(role) BETWEEN 1 AND 40),
    at timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    -- H3 at resolution 9 (about 0.1 square kilometres): what counts by area are grouped by.
    cell bigint NOT NULL,
    spot point GENERATED ALWAYS AS (point(lon, lat)) STORED,
    PRIMARY KEY (role, owner),
    CONSTRAINT spatial_point_on_earth CHECK (lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90)
);
CREATE INDEX spatial_point_spot ON storage.spatial_point USING gist (role, spot);
CREATE INDEX spatial_point_cell ON storage.spatial_point (role, cell);
GRANT SELECT, INSERT, UPDATE, DELETE ON storage.spatial_point TO khan_app;

-- Great-circle distance, in metres, on the sphere of radius R1 of WGS 84 (haversine formula): the
-- same figure as foundation.measures.distance_metres.
CREATE FUNCTION storage.metres_between(
    lon_a double precision, lat_a double precision, lon_b double precision, lat_b double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 2 * 6371008.8 * asin(least(1, sqrt(
        sin(radians(lat_b - lat_a) / 2) ^ 2
        + cos(radians(lat_a)) * cos(radians(lat_b)) * sin(radians(lon_b - lon_a) / 2) ^ 2)))
$$;

-- Boxes in degrees that together hold every point within so many metres, and some more. One, or
-- two where the circle crosses the antimeridian; around a pole, every longitude.
-- The widest longitude of a cap of angular radius r
-- at latitude p is asin(sin r / cos p), not r / cos p.
CREATE FUNCTION storage.boxes_around(
    lon double precision, lat double precision, metres double precision
) RETURNS SETOF box LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 1 AS $$
DECLARE
    reach double precision := (metres * 1.000001 + 0.001) / 6371008.8;  -- radians, rounding covered
    south double precision := lat - degrees(reach);
    north double precision := lat + degrees(reach);
    half double precision;
BEGIN
    IF south <= -90 OR north >= 90 THEN
        RETURN NEXT box(point(-180, greatest(south, -90)), point(180, least(north, 90)));
        RETURN;
    END IF;
    half := degrees(asin(least(1, sin(reach) / cos(radians(lat)))));
    RETURN NEXT box(point(greatest(lon - half, -180), south), point(least(lon + half, 180), north));
    IF lon - half < -180 THEN
        RETURN NEXT box(point(lon - half + 360, south), point(180, north));
    END IF;
    IF lon + half > 180 THEN
        RETURN NEXT box(point(-180, south), point(lon + half - 360, north));
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION storage.metres_between, storage.boxes_around TO khan_app;
