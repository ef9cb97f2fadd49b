//! The filter and order of places in a request.

use database::models::enums::CurationStatus;
use database::repo::places::{Near, PlaceFilter, PlaceOrder};
use rocket::FromForm;
use scans::places::grid::Point;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::query::{parsed, word};
use crate::error::{ApiError, ApiResult};
use crate::views::words::{CurationWord, CurationWordOrEmpty, WordOrEmpty, Words};

/// A filter in the query. An empty parameter is ignored.
#[derive(Clone, Copy, Debug, Default, FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery<'r> {
    /// The curation status; the spelling of the old database is read as well.
    #[param(inline, value_type = Option<CurationWordOrEmpty>, example = "selected")]
    status: Option<&'r str>,
    /// The business type of the search that found the place.
    business_type: Option<&'r str>,
    /// A part of the address or of the location of the search that found the place.
    location: Option<&'r str>,
    /// A part of the name.
    q: Option<&'r str>,
    /// The lowest rating.
    #[param(value_type = Option<f64>)]
    min_rating: Option<&'r str>,
    /// A tag that the place has.
    tag: Option<&'r str>,
    /// The search that found the place.
    #[param(pattern = "^([0-9a-fA-F-]{36})?$")]
    search_job_id: Option<&'r str>,
    /// Degrees north and east; required with `within_km`.
    #[param(pattern = "^(-?[0-9.]+, *-?[0-9.]+)?$", example = "29.76,-95.37")]
    near: Option<&'r str>,
    /// The distance from `near`, in kilometres.
    #[param(value_type = Option<f64>, exclusive_minimum = 0, maximum = 20_100)]
    within_km: Option<&'r str>,
    /// The order: most recently found first, best rated first, highest priority first, or by name.
    #[param(inline, value_type = Option<PlaceOrderWord>, example = "-rating")]
    pub sort: Option<&'r str>,
}

/// The parameters of the filter, as they are described.
pub type PlaceParams = PlaceQuery<'static>;

impl<'r> PlaceQuery<'r> {
    /// Reads the filter.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`], which names the parameter.
    pub fn filter(&self) -> ApiResult<PlaceFilter<'r>> {
        let chosen = |text: Option<&'r str>| text.filter(|text| !text.is_empty());
        let near = match chosen(self.near) {
            None => None,
            Some(text) => {
                let refused = |detail| ApiError::bad_request("near", format!("near is {text:?}: {detail}"));
                Some(read_point(text).map_err(refused)?)
            }
        };
        Ok(PlaceFilter {
            status: chosen(self.status).map(status_of).transpose()?,
            business_type: chosen(self.business_type),
            name: chosen(self.q),
            location: chosen(self.location),
            min_rating: parsed("min_rating", chosen(self.min_rating))?,
            tag: chosen(self.tag),
            search_job_id: parsed::<Uuid>("search_job_id", chosen(self.search_job_id))?.map(Into::into),
            near: circle(near, parsed("within_km", chosen(self.within_km))?)?,
            place_ids: None,
        })
    }
}

/// The places that the body of a request selects: ids, a filter, or both. One of the two is required.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'r> {
    /// The ids of places.
    pub place_ids: Option<&'r [String]>,
    /// What the places have in common.
    pub filter: Option<&'r FilterBody>,
}

/// A filter in a body.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterBody {
    /// The curation status.
    #[schema(value_type = Option<CurationWord>)]
    status: Option<String>,
    /// The business type of the search that found the place.
    business_type: Option<String>,
    /// A part of the address or of the location of the search that found the place.
    location: Option<String>,
    /// A part of the name.
    q: Option<String>,
    /// The lowest rating.
    min_rating: Option<f64>,
    /// A tag that the place has.
    tag: Option<String>,
    /// The search that found the place.
    search_job_id: Option<Uuid>,
    /// Degrees north and east; required with `within_km`.
    #[schema(value_type = Option<Vec<f64>>, min_items = 2, max_items = 2)]
    near: Option<(f64, f64)>,
    /// The distance from `near`, in kilometres.
    #[schema(exclusive_minimum = 0, maximum = 20_100)]
    within_km: Option<f64>,
}

impl<'r> Chosen<'r> {
    /// Reads the filter.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`], which names the field.
    pub fn filter(&self) -> ApiResult<PlaceFilter<'r>> {
        if self.place_ids.is_none() && self.filter.is_none() {
            let detail = "`place_ids` or `filter` is required; an empty filter, `{}`, selects all";
            return Err(ApiError::bad_request("place_ids", detail));
        }
        let Some(body) = self.filter else {
            return Ok(PlaceFilter {
                place_ids: self.place_ids,
                ..PlaceFilter::default()
            });
        };
        Ok(PlaceFilter {
            status: body.status.as_deref().map(status_of).transpose()?,
            business_type: body.business_type.as_deref(),
            name: body.q.as_deref(),
            location: body.location.as_deref(),
            min_rating: body.min_rating,
            tag: body.tag.as_deref(),
            search_job_id: body.search_job_id.map(Into::into),
            near: circle(body.near, body.within_km)?,
            place_ids: self.place_ids,
        })
    }
}

/// Half the circumference of the earth, rounded up, in kilometres.
const MAX_KM: f64 = 20_100.0;

/// Reads degrees north and east, separated by a comma.
///
/// # Errors
///
/// The form that they must have.
pub fn read_point(text: &str) -> Result<(f64, f64), &'static str> {
    let point = text
        .split_once(',')
        .and_then(|(north, east)| Some((north.trim().parse().ok()?, east.trim().parse().ok()?)));
    point.ok_or("it must be degrees north and east, such as 29.76,-95.37")
}

/// Returns the circle around a point.
///
/// # Errors
///
/// [`ApiError::BadRequest`], if only one of the two is given or is out of range.
pub fn circle(near: Option<(f64, f64)>, within_km: Option<f64>) -> ApiResult<Option<Near>> {
    let refused = |field, detail: &str| Err(ApiError::bad_request(field, detail));
    match (near, within_km) {
        (None, None) => Ok(None),
        (Some(_), None) => refused("within_km", "`within_km` is required with `near`"),
        (None, Some(_)) => refused("near", "`near` is required with `within_km`"),
        (Some((north, east)), Some(within_km)) => match Point::new(north, east) {
            None => refused("near", "near must be degrees north (-90 to 90) and east (-180 to 180)"),
            Some(_) if !(within_km > 0.0 && within_km <= MAX_KM) => {
                refused("within_km", "within_km must be more than 0 and at most 20100")
            }
            Some(point) => Ok(Some(Near {
                latitude: point.latitude,
                longitude: point.longitude,
                within_km,
            })),
        },
    }
}

/// Describes an order of a list, or an empty text, which is ignored.
type PlaceOrderWord = WordOrEmpty<PlaceOrder>;

impl Words for PlaceOrder {
    const NAME: &'static str = "PlaceOrder";
    const ALL: &'static [Self] = &[Self::Newest, Self::Rating, Self::Priority, Self::Name];
    const DEFAULT: Option<Self> = Some(Self::Newest);

    fn word(self) -> &'static str {
        match self {
            Self::Newest => "-search_time",
            Self::Rating => "-rating",
            Self::Priority => "-priority",
            Self::Name => "name",
        }
    }
}

/// Reads the order of a list.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which lists the valid orders.
pub fn read_order(sort: Option<&str>) -> ApiResult<PlaceOrder> {
    let sort = sort.filter(|text| !text.is_empty());
    sort.map_or(Ok(PlaceOrder::Newest), |text| word("sort", text))
}

/// Reads a status in the API's or the old database's spelling.
pub(crate) fn status_of(text: &str) -> ApiResult<CurationStatus> {
    word("status", text)
}
