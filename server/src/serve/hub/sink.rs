//! Takes the frames of a source: puts them on the ground, keeps the source's state, and hands them to the writer.

use std::sync::{Arc, PoisonError};

use crossbeam::channel::Sender;
use pipeline::place::Placed;

use super::Common;
use super::status::{Latest, SourceStatus};
use super::writer::{Arrived, Still};
use crate::analysis::collect::{look_of, observe_frame};
use crate::analysis::feed::FrameSink;
use crate::wire::Source;

/// Where the frames of one source go.
pub(super) struct HubSink<'a> {
    common: &'a Common,
    status: &'a Arc<SourceStatus>,
    arrivals: Sender<Arrived>,
}

impl<'a> HubSink<'a> {
    /// Returns the sink of a source; none when the hub is closed.
    pub(super) fn new(common: &'a Common, status: &'a Arc<SourceStatus>) -> Option<Self> {
        let arrivals = common.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(Self { common, status, arrivals })
    }
}

impl FrameSink for HubSink<'_> {
    fn take(&self, source: &Source, placed: &Placed) -> Result<(), String> {
        let (frame, seen) = (&placed.looked.frame, &placed.looked.seen);
        let observed = observe_frame(source, placed, &self.common.terrain, &self.common.config.analysis);
        let camera = placed.camera.as_ref().ok();
        let latest = Latest {
            picture: Arc::clone(&frame.picture),
            seen: seen.iter().map(|one| (one.outline.clone(), one.class.clone(), one.score)).collect(),
            time: placed.time,
            number: frame.index,
            place: camera.map(|c| (c.pose.point.lat_lon, c.pose.attitude().heading_deg)),
            footprint: observed.covered.clone(),
        };
        self.status.saw(latest, camera.is_some());
        if let Err(error) = self.status.ring().record(frame.picture.as_ref(), placed.time) {
            tracing::warn!("frame {} of {} is missing in clips: {error}", frame.index, source.id);
        }
        let look = look_of(source, placed, &observed, &self.common.terrain, &self.common.classes);
        // A frame that shows nothing needs no picture: its memory goes back to the decoder.
        let still = (!observed.observations.is_empty()).then(|| Still {
            frame: frame.clone(),
            seen: seen.clone(),
            camera: camera.cloned(),
            looked_at: placed.looked.looked_at,
        });
        let arrived = Arrived {
            status: Arc::clone(self.status),
            uri: source.spec.uri.to_string(),
            look,
            observations: observed.observations,
            still,
        };
        self.arrivals.send(arrived).map_err(|_| "the store's writer has ended".to_owned())
    }
}
