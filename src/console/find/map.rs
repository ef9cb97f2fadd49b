//! A map of places: points on a grid, drawn by the server. Nothing is loaded from elsewhere.

use std::f64::consts::PI;

use database::models::enums::CurationStatus;
use database::models::staged_place::StagedPlace;
use maud::{Markup, html};

/// The width of a map, in its own units.
const WIDTH: f64 = 400.0;
/// The most that a map is higher than it is wide, or lower.
const FLAT: (f64, f64) = (200.0, 480.0);
/// The room around the points.
const EDGE: f64 = 16.0;
/// The number of lines in each direction.
const LINES: u32 = 4;
/// The least extent of a map in degrees of latitude, about a kilometre.
const LEAST: f64 = 0.01;

/// A part of the globe as it lies on the map.
struct Frame {
    north: f64,
    west: f64,
    /// Units per degree of latitude, and per degree of longitude.
    scale: (f64, f64),
    height: f64,
}

impl Frame {
    /// Returns the frame of places; `None` if no place is known to be anywhere.
    fn of(points: &[(f64, f64)]) -> Option<Self> {
        let bounds = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(None, |found: Option<(f64, f64)>, value| {
                let (least, most) = found.unwrap_or((value, value));
                Some((least.min(value), most.max(value)))
            })
        };
        let (south, north) = bounds(&mut points.iter().map(|(latitude, _)| *latitude))?;
        let (west, east) = bounds(&mut points.iter().map(|(_, longitude)| *longitude))?;
        // Degrees of longitude are shorter away from the equator.
        let shrink = (f64::midpoint(south, north) * PI / 180.0).cos().max(0.01);
        let (tall, wide) = ((north - south).max(LEAST), ((east - west) * shrink).max(LEAST));
        let inner = WIDTH - 2.0 * EDGE;
        let height = (inner * tall / wide + 2.0 * EDGE).clamp(FLAT.0, FLAT.1);
        let units = (inner / wide).min((height - 2.0 * EDGE) / tall);
        let (middle, centre) = (f64::midpoint(south, north), f64::midpoint(west, east));
        Some(Self {
            north: middle + height / 2.0 / units,
            west: centre - WIDTH / 2.0 / units / shrink,
            scale: (units, units * shrink),
            height,
        })
    }

    /// Returns where a point lies: from the left and from above.
    fn place(&self, (latitude, longitude): (f64, f64)) -> (f64, f64) {
        (
            (longitude - self.west) * self.scale.1,
            (self.north - latitude) * self.scale.0,
        )
    }

    /// Returns the width of the map in kilometres.
    fn kilometres(&self) -> f64 {
        WIDTH / self.scale.0 * database::repo::places::KM_PER_DEGREE
    }
}

/// Draws places on a map.
pub fn map(places: &[StagedPlace]) -> Markup {
    let located: Vec<(&StagedPlace, (f64, f64))> = places
        .iter()
        .filter_map(|place| Some((place, (place.latitude?, place.longitude?))))
        .collect();
    let points: Vec<(f64, f64)> = located.iter().map(|(_, point)| *point).collect();
    let Some(frame) = Frame::of(&points) else {
        return html! { p.empty { "None of the places says where it is." } };
    };
    let line = |number: u32, length: f64| format!("{:.1}", length * f64::from(number) / f64::from(LINES));
    html! {
        figure {
            svg.chart.map viewBox=(format!("0 0 {WIDTH} {:.0}", frame.height)) role="img" aria-labelledby="map-title map-told" {
                title id="map-title" { "Where the places are" }
                desc id="map-told" { (located.len()) " places; the list beside the map names them." }
                rect.land x="0" y="0" width=(WIDTH) height=(format!("{:.0}", frame.height)) {}
                @for number in 1..LINES {
                    line x1=(line(number, WIDTH)) x2=(line(number, WIDTH)) y1="0" y2=(format!("{:.0}", frame.height)) {}
                    line x1="0" x2=(WIDTH) y1=(line(number, frame.height)) y2=(line(number, frame.height)) {}
                }
                @for (place, point) in &located {
                    @let (left, above) = frame.place(*point);
                    circle.chosen[place.status == CurationStatus::Selected] cx=(format!("{left:.1}")) cy=(format!("{above:.1}")) r="4" {
                        title { (place.name) }
                    }
                }
            }
            figcaption.hint { "North is up. The map is " (format!("{:.1}", frame.kilometres())) " km wide; a field is a quarter of that." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_within_the_map_with_north_above_and_east_on_the_right() {
        let (houston, dallas) = ((29.76, -95.37), (32.78, -96.80));
        let frame = Frame::of(&[houston, dallas]).unwrap();
        let (houston, dallas) = (frame.place(houston), frame.place(dallas));
        assert!(dallas.1 < houston.1 && dallas.0 < houston.0, "{dallas:?} {houston:?}");
        for (left, above) in [houston, dallas] {
            assert!((EDGE - 0.1..=WIDTH - EDGE + 0.1).contains(&left), "{left}");
            assert!((EDGE - 0.1..=frame.height - EDGE + 0.1).contains(&above), "{above}");
        }
    }

    #[test]
    fn one_place_lies_in_the_middle() {
        let frame = Frame::of(&[(52.5, 13.4)]).unwrap();
        let (left, above) = frame.place((52.5, 13.4));
        assert!((left - WIDTH / 2.0).abs() < 0.01 && (above - frame.height / 2.0).abs() < 0.01);
        assert!(Frame::of(&[]).is_none());
    }
}
