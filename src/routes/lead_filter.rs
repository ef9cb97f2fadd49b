//! The filter and order of leads in a request.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use database::ids::LeadId;
use database::models::enums::ContactMark;
use database::repo::leads::{LeadFilter, LeadOrder};
use rocket::FromForm;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::place_filter::{circle, read_point, status_of};
use super::query::{parsed, word};
use crate::error::{ApiError, ApiResult};
use crate::views::words::{ContactMarkWord, CurationWord, CurationWordOrEmpty, WordOrEmpty, Words};

/// Describes a mark of a contact, or an empty text, which is ignored.
type MarkWordOrEmpty = WordOrEmpty<ContactMark>;

/// A filter in the query. An empty parameter is ignored.
#[derive(Clone, Copy, Debug, Default, FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeadQuery<'r> {
    /// The curation status.
    #[param(inline, value_type = Option<CurationWordOrEmpty>, example = "selected")]
    status: Option<&'r str>,
    /// A tag that the lead has.
    tag: Option<&'r str>,
    /// The lowest priority.
    #[param(value_type = Option<i32>, minimum = -2_147_483_648, maximum = 2_147_483_647)]
    min_priority: Option<&'r str>,
    /// The lowest score.
    #[param(value_type = Option<i16>, minimum = -32_768, maximum = 32_767)]
    min_score: Option<&'r str>,
    /// The last date to look at the lead again.
    #[param(pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", example = "2026-12-31")]
    revisit_by: Option<&'r str>,
    /// A part of the name or the domain.
    q: Option<&'r str>,
    /// A part of the address of the place, or of the location of the search that found it.
    location: Option<&'r str>,
    /// The business type of the search that found the place.
    business_type: Option<&'r str>,
    /// Degrees north and east; required with `within_km`.
    #[param(pattern = "^(-?[0-9.]+, *-?[0-9.]+)?$", example = "29.76,-95.37")]
    near: Option<&'r str>,
    /// The distance from `near`, in kilometres.
    #[param(value_type = Option<f64>, exclusive_minimum = 0, maximum = 20_100)]
    within_km: Option<&'r str>,
    /// The lowest rating of the place.
    #[param(value_type = Option<f64>)]
    min_rating: Option<&'r str>,
    /// The search that found the place.
    #[param(pattern = "^([0-9a-fA-F-]{36})?$")]
    search_job_id: Option<&'r str>,
    /// The domain of the lead.
    #[param(pattern = "^([0-9a-fA-F-]{36})?$")]
    domain_id: Option<&'r str>,
    /// Whether the lead has an address to write to.
    #[param(value_type = Option<bool>)]
    has_email: Option<&'r str>,
    /// Whether the lead has a telephone number.
    #[param(value_type = Option<bool>)]
    has_phone: Option<&'r str>,
    /// A mark that one of the lead's contacts has.
    #[param(inline, value_type = Option<MarkWordOrEmpty>, example = "contacted")]
    mark: Option<&'r str>,
    /// Name of a technology that the site uses, in any case.
    #[param(example = "WordPress")]
    technology: Option<&'r str>,
    /// Whether the site is served over TLS.
    #[param(value_type = Option<bool>)]
    has_ssl: Option<&'r str>,
    /// The number of days within which the site's certificate expires; expired ones are included.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 36_500)]
    certificate_days: Option<&'r str>,
    /// The time since which the lead changed.
    #[param(value_type = Option<DateTime<Utc>>)]
    changed_since: Option<&'r str>,
    /// The order: newest first, last changed first, by name, highest priority first, best rated first, last scanned first, or highest
    /// score first.
    #[param(inline, value_type = Option<LeadOrderWord>, example = "-priority")]
    pub sort: Option<&'r str>,
}

/// The parameters of the filter, as they are described.
pub type LeadParams = LeadQuery<'static>;

impl<'r> LeadQuery<'r> {
    /// Reads the filter.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`], which names the parameter.
    pub fn filter(&self) -> ApiResult<LeadFilter<'r>> {
        let chosen = |text: Option<&'r str>| text.filter(|text| !text.is_empty());
        let refused = |text, detail| ApiError::bad_request("near", format!("near is {text:?}: {detail}"));
        let near = chosen(self.near)
            .map(|text| read_point(text).map_err(|detail| refused(text, detail)))
            .transpose()?;
        let days = parsed("certificate_days", chosen(self.certificate_days))?;
        Ok(LeadFilter {
            ids: None,
            status: chosen(self.status).map(status_of).transpose()?,
            tag: chosen(self.tag),
            min_priority: parsed("min_priority", chosen(self.min_priority))?,
            min_score: parsed("min_score", chosen(self.min_score))?,
            revisit_by: parsed("revisit_by", chosen(self.revisit_by))?,
            text: chosen(self.q),
            location: chosen(self.location),
            business_type: chosen(self.business_type),
            near: circle(near, parsed("within_km", chosen(self.within_km))?)?,
            min_rating: parsed("min_rating", chosen(self.min_rating))?,
            search_job_id: parsed::<Uuid>("search_job_id", chosen(self.search_job_id))?.map(Into::into),
            domain_id: parsed::<Uuid>("domain_id", chosen(self.domain_id))?.map(Into::into),
            has_email: parsed("has_email", chosen(self.has_email))?,
            has_phone: parsed("has_phone", chosen(self.has_phone))?,
            mark: chosen(self.mark).map(|text| word("mark", text)).transpose()?,
            technology: chosen(self.technology),
            has_ssl: parsed("has_ssl", chosen(self.has_ssl))?,
            certificate_expires_before: days.map(in_days).transpose()?,
            // Not ignored where it is empty: that is no time.
            changed_since: parsed("changed_since", self.changed_since)?,
        })
    }
}

/// A filter in a body.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadFilterBody {
    /// The curation status.
    #[schema(value_type = Option<CurationWord>)]
    status: Option<String>,
    /// A tag that the lead has.
    tag: Option<String>,
    /// The lowest priority.
    min_priority: Option<i32>,
    /// The lowest score.
    min_score: Option<i16>,
    /// The last date to look at the lead again.
    revisit_by: Option<NaiveDate>,
    /// A part of the name or the domain.
    q: Option<String>,
    /// A part of the address of the place, or of the location of the search that found it.
    location: Option<String>,
    /// The business type of the search that found the place.
    business_type: Option<String>,
    /// Degrees north and east; required with `within_km`.
    #[schema(value_type = Option<Vec<f64>>, min_items = 2, max_items = 2)]
    #[serde(default, deserialize_with = "read_pair")]
    near: Option<(f64, f64)>,
    /// The distance from `near`, in kilometres.
    #[schema(exclusive_minimum = 0, maximum = 20_100)]
    within_km: Option<f64>,
    /// The lowest rating of the place.
    min_rating: Option<f64>,
    /// The search that found the place.
    search_job_id: Option<Uuid>,
    /// The domain of the lead.
    domain_id: Option<Uuid>,
    /// Whether the lead has an address to write to.
    has_email: Option<bool>,
    /// Whether the lead has a telephone number.
    has_phone: Option<bool>,
    /// A mark that one of the lead's contacts has.
    #[schema(value_type = Option<ContactMarkWord>)]
    mark: Option<String>,
    /// Name of a technology that the site uses, in any case.
    technology: Option<String>,
    /// Whether the site is served over TLS.
    has_ssl: Option<bool>,
    /// The number of days within which the site's certificate expires; expired ones are included.
    #[schema(maximum = 36_500)]
    certificate_days: Option<u32>,
    /// The time since which the lead changed.
    changed_since: Option<DateTime<Utc>>,
}

impl LeadFilterBody {
    /// Reads the filter of the leads that the body of a request selects: by ids, a filter, or both. One of the two is
    /// required.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`], which names the field.
    pub fn chosen<'r>(ids: Option<&'r [LeadId]>, body: Option<&'r Self>) -> ApiResult<LeadFilter<'r>> {
        if ids.is_none() && body.is_none() {
            let detail = "`ids` or `filter` is required; an empty filter, `{}`, selects all";
            return Err(ApiError::bad_request("ids", detail));
        }
        let filter = body.map(Self::filter).transpose()?.unwrap_or_default();
        Ok(LeadFilter { ids, ..filter })
    }

    fn filter(&self) -> ApiResult<LeadFilter<'_>> {
        Ok(LeadFilter {
            ids: None,
            status: self.status.as_deref().map(status_of).transpose()?,
            tag: self.tag.as_deref(),
            min_priority: self.min_priority,
            min_score: self.min_score,
            revisit_by: self.revisit_by,
            text: self.q.as_deref(),
            location: self.location.as_deref(),
            business_type: self.business_type.as_deref(),
            near: circle(self.near, self.within_km)?,
            min_rating: self.min_rating,
            search_job_id: self.search_job_id.map(Into::into),
            domain_id: self.domain_id.map(Into::into),
            has_email: self.has_email,
            has_phone: self.has_phone,
            mark: self.mark.as_deref().map(|text| word("mark", text)).transpose()?,
            technology: self.technology.as_deref(),
            has_ssl: self.has_ssl,
            certificate_expires_before: self.certificate_days.map(in_days).transpose()?,
            changed_since: self.changed_since,
        })
    }
}

/// Reads two numbers. A pair would take more of them where a body is read in two steps, as that of a schedule is.
fn read_pair<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<(f64, f64)>, D::Error> {
    let Some(numbers) = Option::<Vec<f64>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let length = numbers.len();
    let pair = <[f64; 2]>::try_from(numbers);
    pair.map(|pair| Some(pair.into()))
        .map_err(|_| D::Error::invalid_length(length, &"latitude and longitude"))
}

/// The largest number of days within which certificates may be asked for.
const MAX_DAYS: u32 = 36_500;

/// Returns the time after this many days.
fn in_days(days: u32) -> ApiResult<DateTime<Utc>> {
    if days > MAX_DAYS {
        let detail = format!("certificate_days is {days}: it must be at most {MAX_DAYS}");
        return Err(ApiError::bad_request("certificate_days", detail));
    }
    Ok(Utc::now() + TimeDelta::days(days.into()))
}

/// Describes an order of a list, or an empty text, which is ignored.
type LeadOrderWord = WordOrEmpty<LeadOrder>;

impl Words for LeadOrder {
    const NAME: &'static str = "LeadOrder";
    const ALL: &'static [Self] = &[
        Self::Newest,
        Self::Changed,
        Self::Name,
        Self::Priority,
        Self::Rating,
        Self::LastScan,
        Self::Score,
    ];
    const DEFAULT: Option<Self> = Some(Self::Newest);

    fn word(self) -> &'static str {
        match self {
            Self::Newest => "-created_at",
            Self::Changed => "-updated_at",
            Self::Name => "name",
            Self::Priority => "-priority",
            Self::Rating => "-rating",
            Self::LastScan => "-last_scan_at",
            Self::Score => "-score",
        }
    }
}

/// Reads the order of a list.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which lists the valid orders.
pub fn read_order(sort: Option<&str>) -> ApiResult<LeadOrder> {
    let sort = sort.filter(|text| !text.is_empty());
    sort.map_or(Ok(LeadOrder::Newest), |text| word("sort", text))
}
