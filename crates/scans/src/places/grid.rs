//! Distances, and the splitting of areas with more places than Google returns per query.

use database::repo::places::{EARTH_KM, KM_PER_DEGREE};
use serde::{Deserialize, Serialize};

/// The side length in kilometres below which a cell is not split.
const MIN_SIDE_KM: f64 = 0.25;

/// A point on the globe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl Point {
    /// Returns the point; `None` if the degrees are out of range.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let is_one = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        is_one.then_some(Self { latitude, longitude })
    }

    /// Returns the distance to another point along the great circle in kilometres, by the haversine formula.
    #[must_use]
    pub fn distance_km(self, other: Self) -> f64 {
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let chord = half(other.latitude - self.latitude)
            + self.latitude.to_radians().cos()
                * other.latitude.to_radians().cos()
                * half(other.longitude - self.longitude);
        2.0 * EARTH_KM * chord.sqrt().min(1.0).asin()
    }
}

/// A rectangle of degrees, with the path of splits that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The number of the quarter at each split, first split first; empty for the whole area.
    pub path: String,
    /// Degrees north of the southern edge.
    pub south: f64,
    /// Degrees east of the western edge.
    pub west: f64,
    /// Degrees north of the northern edge.
    pub north: f64,
    /// Degrees east of the eastern edge.
    pub east: f64,
}

impl Cell {
    /// Returns the smallest cell around a circle, cut off at the poles and the date line.
    #[must_use]
    pub fn around(center: Point, radius_km: f64) -> Self {
        let north = radius_km / KM_PER_DEGREE;
        let widest = (center.latitude.abs() + north).min(89.0);
        let east = north / widest.to_radians().cos();
        Self {
            path: String::new(),
            south: (center.latitude - north).max(-90.0),
            west: (center.longitude - east).max(-180.0),
            north: (center.latitude + north).min(90.0),
            east: (center.longitude + east).min(180.0),
        }
    }

    /// Returns the centre.
    #[must_use]
    pub fn center(&self) -> Point {
        Point {
            latitude: f64::midpoint(self.south, self.north),
            longitude: f64::midpoint(self.west, self.east),
        }
    }

    /// Returns the radius of the circle around the cell, in kilometres.
    #[must_use]
    pub fn radius_km(&self) -> f64 {
        let corner = |latitude, longitude| self.center().distance_km(Point { latitude, longitude });
        corner(self.south, self.west).max(corner(self.north, self.west))
    }

    /// Returns the quarters that touch the circle; none if the cell is already small.
    #[must_use]
    pub fn split(&self, center: Point, radius_km: f64) -> Vec<Self> {
        if (self.north - self.south) * KM_PER_DEGREE < MIN_SIDE_KM {
            return Vec::new();
        }
        let middle = self.center();
        let halves = [(self.south, middle.latitude), (middle.latitude, self.north)];
        let sides = [(self.west, middle.longitude), (middle.longitude, self.east)];
        halves
            .into_iter()
            .flat_map(|(south, north)| sides.map(|(west, east)| (south, north, west, east)))
            .enumerate()
            .map(|(number, (south, north, west, east))| Self {
                path: format!("{}{number}", self.path),
                south,
                west,
                north,
                east,
            })
            .filter(|cell| cell.nearest(center).distance_km(center) <= radius_km)
            .collect()
    }

    /// Returns the point of the cell that is nearest to another point.
    fn nearest(&self, point: Point) -> Point {
        Point {
            latitude: point.latitude.clamp(self.south, self.north),
            longitude: point.longitude.clamp(self.west, self.east),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSTON: Point = Point {
        latitude: 29.7604,
        longitude: -95.3698,
    };

    #[test]
    fn distances_agree_with_the_map() {
        let dallas = Point::new(32.7767, -96.7970).unwrap();
        assert!(
            (HOUSTON.distance_km(dallas) - 361.8).abs() < 1.0,
            "{}",
            HOUSTON.distance_km(dallas)
        );
        assert_eq!(HOUSTON.distance_km(HOUSTON), 0.0);
        assert!(
            (Point::new(0.0, 0.0)
                .unwrap()
                .distance_km(Point::new(0.0, 180.0).unwrap())
                - 20015.1)
                .abs()
                < 1.0
        );
        assert_eq!(Point::new(91.0, 0.0), None);
    }

    #[test]
    fn quarters_cover_the_circle_without_overlap() {
        let whole = Cell::around(HOUSTON, 10.0);
        let quarters = whole.split(HOUSTON, 10.0);
        assert_eq!(
            quarters.iter().map(|cell| cell.path.as_str()).collect::<Vec<_>>(),
            ["0", "1", "2", "3"]
        );
        let sixteen: Vec<_> = quarters.iter().flat_map(|cell| cell.split(HOUSTON, 10.0)).collect();
        let smallest: Vec<_> = sixteen.iter().flat_map(|cell| cell.split(HOUSTON, 10.0)).collect();
        // The corners of the square are outside the circle.
        assert!(smallest.len() < 64 && smallest.len() > 48, "{}", smallest.len());
        for step in 0..360 {
            let angle = f64::from(step).to_radians();
            for share in [0.0, 0.37, 0.99] {
                let point = Point {
                    latitude: HOUSTON.latitude + share * 10.0 / KM_PER_DEGREE * angle.sin(),
                    longitude: HOUSTON.longitude
                        + share * 10.0 / KM_PER_DEGREE * angle.cos() / HOUSTON.latitude.to_radians().cos(),
                };
                let within = smallest.iter().filter(|cell| {
                    (cell.south..cell.north).contains(&point.latitude)
                        && (cell.west..cell.east).contains(&point.longitude)
                });
                assert_eq!(within.count(), 1, "{point:?}");
            }
        }
    }

    #[test]
    fn splitting_ends() {
        let mut cells = vec![Cell::around(HOUSTON, 0.4)];
        for _ in 0..10 {
            cells = cells.iter().flat_map(|cell| cell.split(HOUSTON, 0.4)).collect();
        }
        assert!(cells.is_empty());
        let pole = Cell::around(Point::new(89.99, 0.0).unwrap(), 50.0);
        assert!(pole.north <= 90.0 && pole.west >= -180.0 && pole.east <= 180.0);
    }
}
