-- The branch `postgis`: run where the extension is installed (infra/database_roles.sql says how).
-- Generated from (lon, lat), so that nothing above has to know that it is there.
ALTER TABLE storage.spatial_point
    ADD COLUMN geom geometry(Point, 4326)
        GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED;
-- Areas are polygons with edges straight in longitude and latitude (RFC 7946, section 3.1.1).
CREATE INDEX spatial_point_geom ON storage.spatial_point USING gist (geom);
-- Nearness is asked of the geography: ordered by degrees, the nearest is the wrong one away from
-- the equator.
CREATE INDEX spatial_point_geography ON storage.spatial_point USING gist ((geom::geography));
