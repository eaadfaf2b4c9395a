//! Traces from the frame that first showed a thing to the delivery of what came of it, for OpenTelemetry.
//!
//! An incident is a trace, and its id is the id of the trace, so that nothing has to be kept: a delivery days and restarts later joins the
//! trace of its frame, and who knows an incident finds its trace. Frames that show nothing have none.
//!
//! ```text
//! frame (source, number)                 the frame that an incident began with, or `report` of a person
//! +- detect                              what the models took
//! +- absorb                              until it was in the store
//! +- frame (the one that made it sure)   with its own `detect` and `absorb`
//! +- task                                until the task was in the store
//! +- deliver (consumer, event)           each attempt to tell a webhook, a broker or TAK
//! ```
//! Spans that the collector does not take in time are dropped by the exporter, which says so in the log; nothing waits for it.
//!
//! # References
//! OTLP 1.10 over HTTP; W3C Trace Context (2021), `traceparent`.

mod export;

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use gis::IncidentId;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, IdGenerator, RandomIdGenerator, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};

use crate::clock;
use crate::config::TracesEntry;

pub use export::TracesError;

/// Longest wait for the collector at the end.
const END: Duration = Duration::from_secs(5);

/// When something was done.
#[derive(Debug, Clone, Copy)]
pub struct Spell {
    /// From.
    pub begun: Instant,
    /// To.
    pub ended: Instant,
}

impl Spell {
    /// Returns one that ends now.
    pub fn since(begun: Instant) -> Self {
        Self { begun, ended: Instant::now() }
    }

    fn on_the_clock(self) -> (SystemTime, SystemTime) {
        let now = SystemTime::from(clock::now());
        let at = |instant: Instant| now.checked_sub(instant.elapsed()).unwrap_or(now);
        (at(self.begun), at(self.ended))
    }
}

/// Something that was done for an incident.
#[derive(Debug)]
pub struct Span {
    name: &'static str,
    kind: SpanKind,
    spell: Spell,
    attributes: Vec<KeyValue>,
    failed: Option<String>,
}

impl Span {
    /// Returns one that went well, inside this server.
    pub fn new(name: &'static str, spell: Spell) -> Self {
        Self { name, kind: SpanKind::Internal, spell, attributes: Vec::new(), failed: None }
    }

    /// Of something that was sent to somebody.
    #[must_use]
    pub fn sent(mut self) -> Self {
        self.kind = SpanKind::Producer;
        self
    }

    /// With something to know about it.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push(KeyValue::new(key, value));
        self
    }

    /// That failed, where there is a reason.
    #[must_use]
    pub fn failed(mut self, reason: Option<String>) -> Self {
        self.failed = reason;
        self
    }
}

/// A frame that showed an incident.
#[derive(Debug, Clone)]
pub struct FrameSpan {
    /// Its source.
    pub source: String,
    /// Its number.
    pub number: u64,
    /// When it was captured.
    pub captured: String,
    /// While the models looked at it.
    pub detect: Spell,
    /// While it was stored.
    pub absorb: Spell,
}

/// Where traces go; nowhere unless configured.
#[derive(Debug)]
pub struct Traces(Option<Sending>);

#[derive(Debug)]
struct Sending {
    processor: BatchSpanProcessor,
    ids: Mutex<RandomIdGenerator>,
}

impl Traces {
    /// Returns traces that go to a collector.
    ///
    /// # Errors
    /// [`TracesError`].
    pub fn to(entry: &TracesEntry) -> Result<Self, TracesError> {
        let processor = export::processor(entry)?;
        Ok(Self(Some(Sending { processor, ids: Mutex::default() })))
    }

    /// Returns traces that go nowhere.
    pub const fn nowhere() -> Self {
        Self(None)
    }

    /// Tells whether anybody is told.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Tells of the frame that an incident began with, or of a later one.
    pub fn frame(&self, incident: IncidentId, frame: &FrameSpan, first: bool) {
        let Some(sending) = &self.0 else { return };
        let FrameSpan { source, number, captured, detect, absorb } = frame;
        let whole = Span::new("frame", Spell { begun: detect.begun, ended: absorb.ended })
            .with("flyonce.source", source.clone())
            .with("flyonce.frame", number.cast_signed())
            .with("flyonce.captured", captured.clone())
            .with("flyonce.incident", incident.to_string());
        let root = root_of(incident);
        let (id, parent) = if first { (root, SpanId::INVALID) } else { (sending.fresh(), root) };
        sending.tell(incident, id, parent, whole);
        for (name, spell) in [("detect", *detect), ("absorb", *absorb)] {
            sending.tell(incident, sending.fresh(), id, Span::new(name, spell));
        }
    }

    /// Tells of an incident that began with what somebody reported.
    pub fn report(&self, incident: IncidentId, spell: Spell) {
        let Some(sending) = &self.0 else { return };
        let whole = Span::new("report", spell).with("flyonce.incident", incident.to_string());
        sending.tell(incident, root_of(incident), SpanId::INVALID, whole);
    }

    /// Tells of what was done for an incident later.
    pub fn later(&self, incident: IncidentId, span: Span) {
        let Some(sending) = &self.0 else { return };
        sending.tell(incident, sending.fresh(), root_of(incident), span);
    }

    /// Begins a delivery that concerns an incident; its words for the receiver are [`Delivery::traceparent`].
    pub fn delivery(&self, incident: Option<IncidentId>) -> Option<Delivery> {
        let sending = self.0.as_ref()?;
        Some(Delivery { incident: incident?, id: sending.fresh() })
    }

    /// Tells how a delivery went.
    pub fn delivered(&self, delivery: Option<Delivery>, span: impl FnOnce() -> Span) {
        if let (Some(sending), Some(Delivery { incident, id })) = (&self.0, delivery) {
            sending.tell(incident, id, root_of(incident), span());
        }
    }

    /// Sends what waits, within a few seconds.
    pub fn end(&self) {
        if let Some(sending) = &self.0
            && let Err(error) = sending.processor.shutdown_with_timeout(END)
        {
            tracing::warn!("the last traces were not sent: {error}");
        }
    }
}

/// A delivery that has begun.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    incident: IncidentId,
    id: SpanId,
}

impl Delivery {
    /// Returns the header by which the receiver joins the trace.
    pub fn traceparent(&self) -> String {
        format!("00-{:032x}-{:016x}-01", trace_of(self.incident), self.id)
    }
}

impl Sending {
    fn fresh(&self) -> SpanId {
        self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).new_span_id()
    }

    fn tell(&self, incident: IncidentId, id: SpanId, parent: SpanId, span: Span) {
        let (start_time, end_time) = span.spell.on_the_clock();
        self.processor.on_end(SpanData {
            span_context: SpanContext::new(
                trace_of(incident),
                id,
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: span.kind,
            name: span.name.into(),
            start_time,
            end_time,
            attributes: span.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: span.failed.map_or(Status::Unset, Status::error),
            instrumentation_scope: InstrumentationScope::builder("flyonce").build(),
        });
    }
}

fn trace_of(incident: IncidentId) -> TraceId {
    TraceId::from_bytes(incident.0.into_bytes())
}

/// The span that an incident began with: the second half of its id, which begins with the variant and is never 0.
fn root_of(incident: IncidentId) -> SpanId {
    SpanId::from_bytes(incident.0.as_u64_pair().1.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_names_its_trace() {
        let incident = IncidentId("019ab3c0-1122-7abc-8def-001122334455".parse().unwrap());
        let told = Delivery { incident, id: SpanId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7]) }.traceparent();
        assert_eq!(told, "00-019ab3c011227abc8def001122334455-0001020304050607-01");
        assert_eq!(format!("{:016x}", root_of(incident)), "8def001122334455");
    }

    #[test]
    fn nothing_is_told_where_nobody_is_configured() {
        let traces = Traces::nowhere();
        let incident = IncidentId(uuid::Uuid::nil());
        traces.report(incident, Spell::since(Instant::now()));
        assert!(!traces.is_on() && traces.delivery(Some(incident)).is_none());
        traces.end();
    }
}
