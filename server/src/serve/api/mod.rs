//! The HTTP interface: one file a subject; who may call what is in [`caller`], what goes wrong in [`problem`].

#![expect(clippy::missing_errors_doc, reason = "the description of each handler names what it answers")]

pub mod asyncapi;
pub mod caller;
pub mod cap;
pub mod city;
pub mod consumers;
pub mod cot;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod feed;
pub mod health;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod keeping;
pub mod media;
pub mod metrics;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod missions;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod ogc;
pub mod oidc;
pub mod open311;
pub mod operations;
pub mod overview;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod playback;
pub mod problem;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod queue;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod rechecks;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod record;
pub mod report;
#[expect(unused_qualifications, reason = "what the macro of the description makes of `params`")]
pub mod session;
pub mod sources;
pub mod told;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::OpenApi;
use utoipa::openapi::ResponseBuilder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::problem::Problem;
use super::App;
use super::board::Bounds;
use super::door::limits;
use super::page;

/// Largest body of a request, bytes.
const BODY: usize = 16 << 20;
/// Longest pause within a body.
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// No foreign code, no foreign pictures, no inline scripts.
const CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                   worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

#[derive(OpenApi)]
#[openapi(info(
    title = "flyonce",
    description = "Incidents found in video, tasks for departments, and the feed of what changes. Sign in for a session cookie, \
                   or send a token as `Authorization: Bearer`. Errors are RFC 9457 problem details.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Doc;

fn documented() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    let (router, mut openapi) = OpenApiRouter::with_openapi(Doc::openapi())
        .merge(people())
        .merge(sources_and_flights())
        .merge(evidence_kept())
        .merge(feeds())
        .merge(standards())
        .split_for_parts();
    name_operations(&mut openapi);
    (router, openapi)
}

/// Gives each operation a name of its own, its method and its path, and the answer that all have.
fn name_operations(openapi: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut openapi.paths.paths {
        let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let place = words.collect::<Vec<_>>().join("_");
        let all = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in all {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{place}"));
                let refused = ResponseBuilder::new().description("too many requests; see `Retry-After`");
                let too_many = operation.responses.responses.entry("429".to_owned());
                too_many.or_insert_with(|| refused.build().into());
            }
        }
    }
}

/// Who is who, what waits for whom, and what was done.
fn people() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(session::show))
        .routes(routes!(oidc::ways, session::sign_in))
        .routes(routes!(oidc::begin))
        .routes(routes!(oidc::end))
        .routes(routes!(session::sign_out))
        .routes(routes!(session::follow_link))
        .routes(routes!(session::departments))
        .routes(routes!(session::classes))
        .routes(routes!(queue::queue))
        .routes(routes!(queue::tasks))
        .routes(routes!(queue::map))
        .routes(routes!(queue::incident))
        .routes(routes!(operations::operate))
        .routes(routes!(operations::bulk))
        .routes(routes!(report::report))
        .routes(routes!(record::record))
        .routes(routes!(record::record_csv))
        .routes(routes!(city::zones))
        .routes(routes!(city::presence))
        .routes(routes!(overview::overview))
        .routes(routes!(rechecks::next, rechecks::say))
        .routes(routes!(rechecks::agreement))
}

/// Where pictures come from.
fn sources_and_flights() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sources::list, sources::add))
        .routes(routes!(sources::remove))
        .routes(routes!(sources::pause))
        .routes(routes!(sources::resume))
        .routes(routes!(sources::still))
        .routes(routes!(sources::live))
        .routes(routes!(missions::vehicles))
        .routes(routes!(missions::aircraft))
        .routes(routes!(missions::list, missions::add))
        .routes(routes!(missions::show, missions::remove))
        .routes(routes!(missions::plan))
        .routes(routes!(missions::coverage))
        .routes(routes!(missions::launch))
        .routes(routes!(missions::pause))
        .routes(routes!(missions::resume))
        .routes(routes!(missions::go_home))
        .routes(routes!(missions::abort))
}

/// Pictures and what is kept of them.
fn evidence_kept() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(playback::span))
        .routes(routes!(playback::picture))
        .routes(routes!(playback::clips))
        .routes(routes!(media::evidence))
        .routes(routes!(keeping::storage))
        .routes(routes!(keeping::holds))
        .routes(routes!(keeping::hold))
        .routes(routes!(keeping::release))
        .routes(routes!(keeping::access))
}

/// What changes, and how the server does.
fn feeds() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(consumers::list))
        .routes(routes!(consumers::redrive))
        .routes(routes!(feed::feed))
        .routes(routes!(feed::stream))
        .routes(routes!(asyncapi::asyncapi))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

/// The same city as standards have it.
fn standards() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(ogc::landing))
        .routes(routes!(ogc::conformance))
        .routes(routes!(ogc::collections))
        .routes(routes!(ogc::one_collection))
        .routes(routes!(ogc::items))
        .routes(routes!(ogc::item))
        .routes(routes!(cap::feed))
        .routes(routes!(cap::alert))
        .routes(routes!(cot::all))
        .routes(routes!(cot::one))
        .routes(routes!(open311::discovery_json))
        .routes(routes!(open311::discovery_xml))
        .routes(routes!(open311::services_json))
        .routes(routes!(open311::services_xml))
        .routes(routes!(open311::service))
        .routes(routes!(open311::requests_json, open311::submit_json))
        .routes(routes!(open311::requests_xml, open311::submit_xml))
        .routes(routes!(open311::request))
        .routes(routes!(open311::token))
}

/// Returns the description of the interface, OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().1
}

/// Returns the whole interface with the page.
pub fn router(app: Arc<App>) -> Router {
    let (router, openapi) = documented();
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .route("/v1/openapi.json", get(move |State(_): State<Arc<App>>| async move { Json(openapi) }))
        .fallback(page::file)
        .layer(from_fn_with_state(Arc::clone(&app), limits::limit))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CSP))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(RequestBodyLimitLayer::new(BODY))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(told::tell))
        .with_state(app)
}

/// Runs what blocks beside the threads that serve.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error.to_string()))
}

/// Reads `west,south,east,north`; of six numbers, those of heights are passed over.
fn parse_bbox(text: &str) -> Result<Bounds, Problem> {
    let bad = || {
        Problem::bad_request(format!(
            "bbox {text:?} is not west,south,east,north in degrees, south below north"
        ))
    };
    let numbers: Vec<f64> =
        text.split(',').map(|part| part.trim().parse().map_err(|_| bad())).collect::<Result<_, _>>()?;
    let found = match numbers[..] {
        [west, south, east, north] | [west, south, _, east, north, _] => [west, south, east, north],
        _ => return Err(bad()),
    };
    let fits = found.iter().all(|n| n.is_finite())
        && found[1] <= found[3]
        && (-90.0..=90.0).contains(&found[1])
        && found[3] <= 90.0
        && (-180.0..=180.0).contains(&found[0])
        && (-180.0..=180.0).contains(&found[2]);
    fits.then_some(found).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_and_nonsense_is_refused() {
        for text in ["1,2,3,4", "1,2,0,3,4,9"] {
            let found = parse_bbox(text).unwrap();
            assert!(found.iter().zip([1.0, 2.0, 3.0, 4.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{text}");
        }
        for text in ["", "1,2,3", "1,2,3,x", "1,4,3,2", "NaN,2,3,4", "-181,2,3,4", "1,-91,3,4"] {
            assert!(parse_bbox(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_description_names_every_path() {
        let paths = openapi().paths.paths;
        for path in ["/v1/queue", "/v1/operations", "/v1/feed", "/ogc/collections/{id}/items", "/metrics"] {
            assert!(paths.contains_key(path), "{path}");
        }
    }
}
