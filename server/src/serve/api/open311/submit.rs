//! A service request that comes in: it becomes a case that waits for an analyst.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Form, FromRequest, FromRequestParts, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;
use dispatch::EvidenceRef;
use gis::LatLon;
use serde_json::{Value, json};

use super::format::{Format, Refusal};
use crate::clock;
use crate::serve::App;
use crate::serve::accounts::{Caller, Scope};
use crate::serve::api::operations::{answered, key_of};
use crate::serve::api::{blocking, report};
use crate::serve::reported::{Report, record};
use crate::serve::traces::Spell;

/// Longest description, characters; the standard's limit.
const DESCRIPTION: usize = 4_000;

#[derive(Default)]
struct Fields {
    texts: Vec<(String, String)>,
    picture: Option<Vec<u8>>,
}

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

/// Takes a service request.
pub(super) async fn submit(app: Arc<App>, request: Request, format: Format) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let known = Caller::from_request_parts(&mut parts, &app).await;
    let key = key_of(&parts.headers).map(str::to_owned);
    let fields = read(Request::from_parts(parts, body), format).await;
    let by_key = fields.as_ref().ok().and_then(|fields| fields.get("api_key"));
    let caller = match (known, by_key) {
        (Ok(caller), _) => caller,
        (Err(_), Some(key)) => {
            let of_token = app.accounts.of_token(key);
            of_token.ok_or_else(|| format.refuse(StatusCode::FORBIDDEN, "the api_key is none"))?
        }
        (Err(problem), None) => return Err(Refusal::of(&problem, format)),
    };
    caller.allow(Scope::Submit).map_err(|problem| Refusal::of(&problem, format))?;
    let fields = fields?;
    let asked = hash_of(&fields);
    let before = answered(&app, &caller, key.as_deref(), &asked).map_err(|p| Refusal::of(&p, format))?;
    if let Some(answer) = before {
        return Ok(format.answer("service_requests", &answer));
    }
    let answer = take(&app, &caller, fields, key.as_deref(), format).await?;
    if let Some(key) = key {
        app.answers.keep(&caller.name, &key, &asked, &answer);
    }
    Ok(format.answer("service_requests", &answer))
}

async fn take(
    app: &Arc<App>,
    caller: &Caller,
    fields: Fields,
    key: Option<&str>,
    format: Format,
) -> Result<Value, Refusal> {
    let bad = |text: String| format.refuse(StatusCode::BAD_REQUEST, text);
    let class = fields.get("service_code").ok_or_else(|| bad("service_code is missing".to_owned()))?;
    if !app.city.rules.classes.contains_key(class) {
        return Err(format.refuse(StatusCode::NOT_FOUND, format!("there is no service {class:?}")));
    }
    let at = place(&fields).map_err(bad)?;
    let words = words(&fields).map_err(bad)?;
    let time = clock::now();
    let key = key.map_or_else(|| format!("{time} {}", hash_of(&fields)), str::to_owned);
    let class = class.to_owned();
    let evidence: Vec<EvidenceRef> = match fields.picture {
        None => Vec::new(),
        Some(bytes) => vec![report::keep(app, bytes).await.map_err(|p| Refusal::of(&p, format))?],
    };
    let report = Report { by: caller.name.clone(), key, class, at, words, time, evidence };
    let worker = Arc::clone(app);
    let begun = Instant::now();
    let saved = blocking(move || {
        let record = record(&report, &worker.city, &worker.dedupe).map_err(|error| error.to_string())?;
        let id = record.incidents.first().map(|incident| incident.id);
        worker.stores.with(|store| store.save_run(&record)).map_err(|error| error.to_string())?;
        id.inspect(|id| worker.traces().report(*id, Spell::since(begun)));
        worker.catch_up();
        id.ok_or_else(|| "a report made no case".to_owned())
    });
    let saved = saved.await.map_err(|problem| Refusal::of(&problem, format))?;
    let id = saved.map_err(|error| {
        tracing::error!("a service request was not stored: {error}");
        let text = "the request cannot be stored at the moment; try again";
        format.refuse(StatusCode::SERVICE_UNAVAILABLE, text)
    })?;
    let notice = "由人工核实后派发 / a person looks at it before anybody is sent";
    Ok(json!([{"service_request_id": id.to_string(), "service_notice": notice, "account_id": null}]))
}

fn place(fields: &Fields) -> Result<LatLon, String> {
    let number = |name: &str| match fields.get(name) {
        None => Err("lat and long are missing: addresses are not looked up".to_owned()),
        Some(text) => text.parse::<f64>().map_err(|_| format!("{name} {text:?} is no number")),
    };
    let (lat_deg, lon_deg) = (number("lat")?, number("long")?);
    LatLon::new(lat_deg, lon_deg)
        .ok_or_else(|| format!("lat {lat_deg}, long {lon_deg} is nowhere on the globe"))
}

/// What is said, and the address of a picture, which is kept as text and never fetched.
fn words(fields: &Fields) -> Result<String, String> {
    let said = fields.get("description").unwrap_or_default();
    let count = said.chars().count();
    if count > DESCRIPTION {
        return Err(format!("the description of {count} characters is longer than {DESCRIPTION}"));
    }
    let address = fields.get("address_string").map(|text| format!(" ({text})")).unwrap_or_default();
    let media =
        fields.get("media_url").filter(|url| url.starts_with("http://") || url.starts_with("https://"));
    let media = media.map(|url| format!(" [{url}]")).unwrap_or_default();
    Ok(format!("{said}{address}{media}").chars().take(DESCRIPTION + 1_000).collect())
}

fn hash_of(fields: &Fields) -> String {
    let text: Vec<String> = fields.texts.iter().map(|(name, value)| format!("{name}={value}")).collect();
    models::pack::sha256_hex(text.join("&").as_bytes())
}

async fn read(request: Request, format: Format) -> Result<Fields, Refusal> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bad = |text: String| format.refuse(StatusCode::BAD_REQUEST, text);
    if !media.is_some_and(|media| media.starts_with("multipart/form-data")) {
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        let Form(texts) = form.map_err(|error| bad(error.body_text()))?;
        return Ok(Fields { texts, picture: None });
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| bad(error.body_text()))?;
    let mut fields = Fields::default();
    while let Some(field) = form.next_field().await.map_err(|error| bad(error.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "media" {
            let bytes = field.bytes().await.map_err(|error| bad(error.body_text()))?;
            fields.picture = Some(bytes.to_vec()).filter(|bytes| !bytes.is_empty());
        } else {
            let text = field.text().await.map_err(|error| bad(error.body_text()))?;
            fields.texts.push((name, text));
        }
    }
    Ok(fields)
}
