//! The made-up businesses, and their form in each protocol.

use std::time::Duration;

use serde_json::{Value, json};

/// The made-up world.
#[derive(Clone, Debug)]
pub struct World {
    /// Name of the only town.
    pub town: String,
    /// Latitude and longitude of its centre, in degrees.
    pub center: [f64; 2],
    /// The number of businesses.
    pub businesses: usize,
    /// The maximum distance of a business from the centre in each direction, in degrees.
    pub spread: f64,
    /// The suffix of the businesses' host names; every fifth business has no website.
    pub websites: String,
    /// How long a page token of the older protocol takes to become valid.
    pub token_delay: Duration,
}

impl Default for World {
    fn default() -> Self {
        Self {
            town: "Houston, TX".to_owned(),
            center: [29.7604, -95.3698],
            businesses: 60,
            spread: 0.05,
            websites: "places.test".to_owned(),
            token_delay: Duration::from_secs(2),
        }
    }
}

impl World {
    /// Returns the position of a business: low-discrepancy points of the square around the centre (the R2 sequence).
    pub(super) fn point(&self, business: usize) -> [f64; 2] {
        #[expect(clippy::cast_precision_loss, reason = "made-up points")]
        let number = business as f64 + 1.0;
        let [north, east] = self.center;
        let share = |step: f64| ((0.5 + number * step).fract() - 0.5) * 2.0 * self.spread;
        [
            north + share(0.754_877_666_246_692_8),
            east + share(0.569_840_290_998_053_3),
        ]
    }

    pub(super) fn id(&self, business: usize) -> String {
        format!("ChIJdemo{business:06}")
    }

    pub(super) fn business_of(&self, place_id: &str) -> Option<usize> {
        let number = place_id.strip_prefix("ChIJdemo")?.parse().ok()?;
        (number < self.businesses).then_some(number)
    }

    pub(super) fn website(&self, business: usize) -> Option<String> {
        (business % 5 != 4).then(|| format!("http://www.b{business}.{}/?utm=maps", self.websites))
    }

    pub(super) fn address(&self, business: usize) -> String {
        format!("{} Main St, {} 77002, USA", business + 1, self.town)
    }

    pub(super) fn legacy(&self, business: usize, details: bool) -> Value {
        let [latitude, longitude] = self.point(business);
        let mut place = json!({
            "place_id": self.id(business),
            "name": format!("Business {business}"),
            "formatted_address": self.address(business),
            "geometry": { "location": { "lat": latitude, "lng": longitude } },
            "rating": rating(business),
            "user_ratings_total": business * 3,
            "price_level": business % 5,
            "types": ["dentist", "health", "point_of_interest"],
        });
        if let (true, Some(place)) = (details, place.as_object_mut()) {
            place.insert("international_phone_number".to_owned(), phone(business).into());
            place.insert(
                "opening_hours".to_owned(),
                json!({ "weekday_text": ["Monday: 9:00 AM – 5:00 PM"] }),
            );
            if let Some(website) = self.website(business) {
                place.insert("website".to_owned(), website.into());
            }
        }
        place
    }

    pub(super) fn modern(&self, business: usize, details: bool) -> Value {
        const LEVELS: [&str; 5] = ["FREE", "INEXPENSIVE", "MODERATE", "EXPENSIVE", "VERY_EXPENSIVE"];
        let [latitude, longitude] = self.point(business);
        let level = LEVELS.get(business % 5).copied().unwrap_or_default();
        let mut place = json!({
            "id": self.id(business),
            "displayName": { "text": format!("Business {business}"), "languageCode": "en" },
            "formattedAddress": self.address(business),
            "location": { "latitude": latitude, "longitude": longitude },
            "rating": rating(business),
            "userRatingCount": business * 3,
            "priceLevel": format!("PRICE_LEVEL_{level}"),
            "types": ["dentist", "health", "point_of_interest"],
            "internationalPhoneNumber": phone(business),
        });
        if let Some(place) = place.as_object_mut() {
            if let Some(website) = self.website(business) {
                place.insert("websiteUri".to_owned(), website.into());
            }
            if details {
                let hours = json!({ "weekdayDescriptions": ["Monday: 9:00 AM – 5:00 PM"] });
                place.insert("regularOpeningHours".to_owned(), hours);
            }
        }
        place
    }
}

fn rating(business: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number below 41")]
    let tenths = (business * 7 % 41) as f64;
    1.0 + tenths / 10.0
}

fn phone(business: usize) -> String {
    format!("+1 713-555-{:04}", business % 10_000)
}
