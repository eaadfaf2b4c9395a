//! Spans on their way to a collector: OTLP over HTTP in batches, by a thread of its own.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderValue;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanProcessor as _};
use ureq::Agent;

use crate::config::TracesEntry;

/// Spans that wait at most; what comes beyond is dropped and told.
const WAITING: usize = 4_096;
/// How often spans are sent.
const EVERY: Duration = Duration::from_secs(2);
/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read, bytes.
const ANSWER: u64 = 64 * 1024;

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TracesError {
    /// The token cannot be read.
    #[error("cannot read the token of [traces] in {}: {source}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The token is none.
    #[error("the token of [traces] in {} is no text that a header may hold", path.display())]
    NotAToken {
        /// The file.
        path: PathBuf,
    },
    /// The exporter does not take what is configured.
    #[error("cannot send traces: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Returns what takes spans and sends them.
///
/// # Errors
/// [`TracesError`].
pub fn processor(entry: &TracesEntry) -> Result<BatchSpanProcessor, TracesError> {
    let mut headers = HashMap::new();
    if let Some(path) = &entry.token_file {
        let token = std::fs::read_to_string(path)
            .map_err(|source| TracesError::Token { path: path.clone(), source })?;
        let bearer = format!("Bearer {}", token.trim());
        if HeaderValue::from_str(&bearer).is_err() {
            return Err(TracesError::NotAToken { path: path.clone() });
        }
        headers.insert("authorization".to_owned(), bearer);
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client(agent()))
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&entry.endpoint)
        .with_timeout(TIMEOUT)
        .with_headers(headers)
        .build()?;
    let config =
        BatchConfigBuilder::default().with_max_queue_size(WAITING).with_scheduled_delay(EVERY).build();
    let mut processor = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
    processor.set_resource(&Resource::builder().with_service_name(entry.service_name.clone()).build());
    Ok(processor)
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .proxy(None)
        .build();
    config.into()
}

/// The client of the rest of the server, which blocks: it runs on the exporter's own thread.
#[derive(Debug)]
struct Client(Agent);

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(parts, body.as_ref()))?;
        let (parts, mut body) = answer.into_parts();
        let bytes = body.with_config().limit(ANSWER).read_to_vec()?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}
