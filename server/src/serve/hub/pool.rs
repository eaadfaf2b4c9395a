//! Detectors that the sources of a server share: each frame borrows one, so that any number of sources needs only as many as
//! there are cores.

use crossbeam::channel::{Receiver, Sender, bounded};
use pipeline::detect::PackDetector;
use pipeline::{Detector, Frame, PictureZones, Sight};

/// A pool of detectors; a clone is a place in its queue.
#[derive(Clone)]
pub struct DetectorPool {
    free: Receiver<PackDetector>,
    back: Sender<PackDetector>,
}

impl DetectorPool {
    /// Returns a pool of these detectors.
    pub fn new(detectors: Vec<PackDetector>) -> Self {
        let (back, free) = bounded(detectors.len().max(1));
        for detector in detectors {
            // The queue holds all of them.
            drop(back.try_send(detector));
        }
        Self { free, back }
    }
}

impl Detector for DetectorPool {
    fn detect(&mut self, frame: &Frame, zones: &PictureZones) -> Result<Sight, String> {
        let mut detector = self.free.recv().map_err(|_| "there is no detector".to_owned())?;
        let sight = detector.detect(frame, zones);
        drop(self.back.try_send(detector));
        sight
    }
}
