//! Cases as service requests: which of them a query asks for, and how each is told.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::format::{Format, Refusal};
use crate::serve::App;
use crate::serve::board::{Case, Standing};
use crate::serve::reported;
use crate::serve::views::state_zh;

/// Longest span of a query.
const SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Most requests in one answer.
pub const MOST: usize = 1_000;

/// Which requests are asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Ids, comma delimited; overrides all other filters.
    service_request_id: Option<String>,
    /// Services, comma delimited.
    service_code: Option<String>,
    /// From when on it was requested, W3C date and time; 90 days before the end when not given.
    start_date: Option<String>,
    /// Until when it was requested; now when not given. No more than 90 days after the start.
    end_date: Option<String>,
    /// `open` or `closed`, comma delimited.
    status: Option<String>,
    /// A token that may read, or submit and see what it submitted.
    pub api_key: Option<String>,
    /// Passed over: a server is one jurisdiction.
    #[expect(dead_code, reason = "the standard names it")]
    jurisdiction_id: Option<String>,
}

/// A query that makes sense.
pub struct Filter {
    ids: Option<BTreeSet<String>>,
    codes: Option<BTreeSet<String>>,
    statuses: Option<BTreeSet<String>>,
    from: Timestamp,
    until: Timestamp,
}

impl Asked {
    /// Returns the filter of a query.
    pub fn filter(&self, now: Timestamp, format: Format) -> Result<Filter, Refusal> {
        let bad = |text: String| format.refuse(StatusCode::BAD_REQUEST, text);
        let time = |name: &str, text: &Option<String>| match text.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| {
                bad(format!("{name} {text:?} is no date and time as in 2026-06-20T00:00:00Z"))
            }),
        };
        let (start, end) = (time("start_date", &self.start_date)?, time("end_date", &self.end_date)?);
        let after = |at: Timestamp, span| at.checked_add(span).unwrap_or(at);
        let until = end.unwrap_or_else(|| start.map_or(now, |start| after(start, SPAN).min(now.max(start))));
        let from = start.unwrap_or_else(|| after(until, -SPAN));
        if until < from || until.duration_since(from) > SPAN {
            return Err(bad(format!("from {from} to {until} is not between 0 and 90 days")));
        }
        let statuses = list(self.status.as_deref());
        if let Some(other) = statuses.iter().flatten().find(|one| !["open", "closed"].contains(&one.as_str()))
        {
            return Err(bad(format!("status {other:?} is neither open nor closed")));
        }
        Ok(Filter {
            ids: list(self.service_request_id.as_deref()),
            codes: list(self.service_code.as_deref()),
            statuses,
            from,
            until,
        })
    }
}

fn list(text: Option<&str>) -> Option<BTreeSet<String>> {
    let items =
        text.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|item| !item.is_empty());
    Some(items.map(str::to_owned).collect::<BTreeSet<_>>()).filter(|items| !items.is_empty())
}

fn parse(text: &str) -> Option<Timestamp> {
    let date = || text.parse::<Date>().ok()?.in_tz("UTC").ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(date)
}

impl Filter {
    /// Tells whether a case is asked for.
    pub fn wants(&self, case: &Case) -> bool {
        if let Some(ids) = &self.ids {
            return ids.contains(&case.incident.id.to_string());
        }
        let at = requested(case);
        self.codes.as_ref().is_none_or(|codes| codes.contains(&case.incident.class))
            && self.statuses.as_ref().is_none_or(|statuses| statuses.contains(status(case)))
            && (self.from..=self.until).contains(&at)
    }
}

/// Returns when a case was requested.
pub fn requested(case: &Case) -> Timestamp {
    case.incident.first_seen
}

fn status(case: &Case) -> &'static str {
    if matches!(case.standing(), Standing::Over | Standing::Gone) { "closed" } else { "open" }
}

fn notes(case: &Case) -> String {
    if let Some(into) = case.incident.merged_into {
        return format!("已并入 {into} / merged into {into}");
    }
    match case.task.as_ref().map(|task| task.state) {
        Some(state) => format!("{} / {}", state_zh(state), state.name()),
        None => format!("{} / {}", "待研判", case.incident.state.name()),
    }
}

fn updated(case: &Case) -> Timestamp {
    let of_task = case.task.iter().flat_map(|task| &task.history).map(|step| step.at);
    let of_incident = case.incident.history.iter().map(|event| event.time);
    of_task.chain(of_incident).max().unwrap_or(case.incident.last_seen)
}

/// Returns a case as a service request.
pub fn view(case: &Case, app: &App) -> Value {
    let incident = &case.incident;
    let lead = case.task.as_ref().and_then(|task| task.lead.as_ref());
    let agency = lead.and_then(|id| app.city.departments.get(id));
    let at = incident.position.as_ref().map(|position| position.point.lat_lon);
    json!({
        "service_request_id": incident.id.to_string(),
        "status": status(case),
        "status_notes": notes(case),
        "service_name": service_name(app, &incident.class),
        "service_code": incident.class,
        "description": reported::words(incident),
        "agency_responsible": agency.map(|one| format!("{} / {}", one.name_zh, one.name_en)),
        "service_notice": null,
        "requested_datetime": requested(case),
        "updated_datetime": updated(case),
        "expected_datetime": case.task.as_ref().and_then(|task| task.deadline),
        "address": null,
        "address_id": null,
        "zipcode": null,
        "lat": at.map(|at| at.lat_deg),
        "long": at.map(|at| at.lon_deg),
        "media_url": null,
    })
}

/// Returns the name of a service in both languages.
pub fn service_name(app: &App, class: &str) -> String {
    let profile = app.city.rules.classes.get(class);
    profile.map_or_else(|| class.to_owned(), |one| format!("{} / {}", one.name_zh, one.name_en))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: Option<&str>, end: Option<&str>) -> Option<(String, String)> {
        let asked = Asked {
            start_date: start.map(str::to_owned),
            end_date: end.map(str::to_owned),
            ..Asked::default()
        };
        let now = "2026-06-20T00:00:00Z".parse().unwrap();
        let filter = asked.filter(now, Format::Json).ok()?;
        Some((filter.from.to_string(), filter.until.to_string()))
    }

    #[test]
    fn a_query_spans_ninety_days_at_most() {
        let days = |from: &str, to: &str| Some((format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z")));
        assert_eq!(span(None, None), days("2026-03-22", "2026-06-20"));
        assert_eq!(span(Some("2026-06-01"), None), days("2026-06-01", "2026-06-20"));
        assert_eq!(span(Some("2025-01-01"), None), days("2025-01-01", "2025-04-01"));
        assert_eq!(span(None, Some("2026-01-01T00:00:00Z")), days("2025-10-03", "2026-01-01"));
        assert_eq!(span(Some("2026-01-01"), Some("2026-04-02")), None);
        assert_eq!(span(Some("2026-02-01"), Some("2026-01-01")), None);
        assert_eq!(span(Some("yesterday"), None), None);
    }
}
