//! How much ground a pixel of a frame shows, told to each frame before it is looked at.

use gis::Terrain;
use gis::georef::{View, ground_sample_distance_m};

use crate::camera::{CameraSetup, FrameCamera};
use crate::frame::{Frame, FrameSource, Item, SourceError};
use crate::place::PoseOrigin;
use crate::telemetry::{Sample, klv};

/// A feed whose frames know their scale.
///
/// A frame takes what is known when it is read: telemetry that comes behind it is not waited for. Take-off heights are only
/// those of the setup, so that a feed that tells nothing else has no scale.
pub struct Scaled<'a> {
    inner: &'a mut dyn FrameSource,
    origin: PoseOrigin,
    setup: CameraSetup,
    terrain: Option<&'a dyn Terrain>,
}

impl<'a> Scaled<'a> {
    /// Returns the feed; `origin` is a copy of what places its frames later.
    pub fn new(
        inner: &'a mut dyn FrameSource,
        origin: PoseOrigin,
        setup: CameraSetup,
        terrain: Option<&'a dyn Terrain>,
    ) -> Self {
        Self { inner, origin, setup, terrain }
    }

    fn take_packet(&mut self, elapsed_us: Option<i64>, bytes: &[u8]) {
        let (PoseOrigin::InBand(track), Some(at_us)) = (&mut self.origin, elapsed_us) else { return };
        if let Ok(Some(sample)) = klv::decode(bytes).map(|packet| packet.sample()) {
            track.push(at_us, sample);
        }
    }

    fn gsd_m(&self, frame: &Frame) -> Option<f64> {
        let size = frame.picture.size();
        let of_sample = |sample: &Sample| FrameCamera::from_sample(sample, &self.setup, size).ok();
        let at_us = self.setup.telemetry_us(frame.elapsed);
        let camera = match &self.origin {
            PoseOrigin::Fixed(camera) => camera.resized(size).ok(),
            // The scale of a frame is needed before its reports are all there: the latest will do.
            PoseOrigin::Ptz(camera) => camera.at(&camera.track.latest()?).and_then(|c| c.resized(size)).ok(),
            PoseOrigin::Stills(samples) => samples.get(frame.name.as_ref()?).and_then(of_sample),
            PoseOrigin::InBand(track) | PoseOrigin::SideCar(track) => {
                track.settle(at_us).sample().and_then(of_sample)
            }
        }?;
        let terrain = camera.ground(self.terrain)?;
        ground_sample_distance_m(&View::new(&camera.intrinsics, &camera.pose, terrain)).ok()
    }
}

impl FrameSource for Scaled<'_> {
    fn next(&mut self) -> Result<Option<Item>, SourceError> {
        let item = self.inner.next()?;
        Ok(item.map(|item| match item {
            Item::Telemetry(packet) => {
                self.take_packet(packet.elapsed_us, &packet.klv);
                Item::Telemetry(packet)
            }
            Item::Frame(frame) => {
                let gsd_m = self.gsd_m(&frame);
                Item::Frame(Frame { gsd_m, ..frame })
            }
        }))
    }

    fn dropped(&self) -> u64 {
        self.inner.dropped()
    }
}
