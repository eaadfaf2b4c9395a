//! Whether a fixed camera still looks where it was calibrated.
//!
//! Every [`EVERY`] of feed time a small picture of the view is put on top of the reference still. [`watch::Watch`] decides over several
//! looks whether the view stands, has moved or is unknown; [`turn`] corrects the pose where the move is a turn and a zoom.
//!
//! Where light has changed so far that the reference is not recognised, the last still that was stands in for it.

pub mod homography;
pub mod turn;
pub mod watch;

use std::time::Duration;

use models::{RgbImage, SizePx};
use nalgebra::Matrix3;

use crate::frame::Frame;
use homography::difference;
pub use watch::{Look, Scene, Watch};

/// Time between two looks while nothing is in doubt.
const EVERY: Duration = Duration::from_secs(10);
/// Time between two looks while something is.
const EVERY_IN_DOUBT: Duration = Duration::from_secs(2);
/// Width of the compared pictures, pixels: half a pixel of it is some 1.5 pixels of a full-size frame.
const WIDTH_PX: u32 = 640;
/// Features below which a picture is too dark or too empty to be compared.
const LEAST_FEATURES: usize = 30;
/// Pairs that must agree on one homography. Unrelated views agreed in 5 at most.
const LEAST_AGREEING: usize = 12;
/// Share of the pairs that must agree.
const LEAST_AGREEING_SHARE: f64 = 0.4;
/// Share of the picture (in sixteenths) over which they must lie: the date and name that cameras write into their pictures never
/// move, and fill three at most.
const LEAST_SPREAD: f64 = 5.0 / 16.0;

/// What can be found again of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Size of the compared picture.
    pub size: SizePx,
    /// Places as (u, v), pixels of it; (0, 0) is the outer corner of the top-left pixel.
    pub places_px: Vec<(f32, f32)>,
    /// Descriptors in the same order, all of one length, one after the other.
    pub descriptors: Vec<u8>,
}

/// One thing found in two pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Place in the reference.
    pub reference_px: (f64, f64),
    /// Place in the still.
    pub still_px: (f64, f64),
}

/// Two pictures of one place, put on top of each other.
///
/// # Units
/// Pixels of `size`; (0, 0) is the outer corner of the top-left pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Size of both pictures.
    pub size: SizePx,
    /// Homography from the reference into the still.
    pub still_from_reference: Matrix3<f64>,
    /// Pairs that agree with it.
    pub pairs: Vec<Pair>,
    /// Pairs there were before.
    pub tried: usize,
    /// Root mean square distance of the pairs from it, pixels.
    pub rms_px: f64,
}

impl Registration {
    /// Returns the share of sixteen equal cells of the reference in which at least two pairs lie.
    pub fn spread(&self) -> f64 {
        let mut cells = [0_u32; 16];
        let share = |at: f64, of: u32| (4.0 * at / f64::from(of.max(1))).clamp(0.0, 3.0) as usize;
        for pair in &self.pairs {
            let (u, v) = pair.reference_px;
            if let Some(count) = cells.get_mut(4 * share(v, self.size.height) + share(u, self.size.width)) {
                *count += 1;
            }
        }
        cells.iter().filter(|count| **count >= 2).count() as f64 / 16.0
    }

    /// Returns whether so many pairs agree, over so much of the picture, that it cannot be chance.
    pub fn is_good(&self) -> bool {
        let agreeing = self.pairs.len();
        agreeing >= LEAST_AGREEING
            && agreeing as f64 >= LEAST_AGREEING_SHARE * self.tried as f64
            && self.spread() >= LEAST_SPREAD
            && difference(&self.still_from_reference, &Matrix3::identity(), self.size).is_finite()
    }

    /// Returns this registration against the reference of `earlier`, of which this one's reference was the still.
    fn after(self, earlier: &Matrix3<f64>) -> Option<Self> {
        let back = earlier.try_inverse()?;
        let pairs = self.pairs.iter().filter_map(|pair| {
            Some(Pair { reference_px: homography::mapped(&back, pair.reference_px)?, ..*pair })
        });
        Some(Self {
            pairs: pairs.collect(),
            still_from_reference: self.still_from_reference * earlier,
            ..self
        })
    }
}

/// Finds features and puts pictures on top of each other.
pub trait Registrar: Send {
    /// Returns the features of a picture scaled to a size.
    ///
    /// # Errors
    /// A line of text when the picture cannot be converted.
    fn features(&self, picture: &RgbImage, size: SizePx) -> Result<Features, String>;

    /// Returns how the still lies on the reference; `None` when no homography fits at all.
    ///
    /// # Errors
    /// A line of text when the features cannot be compared.
    fn register(&self, reference: &Features, still: &Features) -> Result<Option<Registration>, String>;
}

/// A still that was recognised.
struct Recent {
    features: Features,
    from_reference: Matrix3<f64>,
}

/// Watches the view of one fixed camera.
pub struct SceneWatch {
    registrar: Box<dyn Registrar>,
    given: Option<RgbImage>,
    reference: Option<Features>,
    recent: Option<Recent>,
    watch: Watch,
    next_look: Duration,
}

impl SceneWatch {
    /// Returns a watch; without a reference still the first picture in which enough can be found is the reference.
    pub fn new(registrar: Box<dyn Registrar>, reference: Option<RgbImage>) -> Self {
        let watch = Watch::new(reference.is_some());
        Self { registrar, given: reference, reference: None, recent: None, watch, next_look: Duration::ZERO }
    }

    /// Returns what was known last.
    pub fn scene(&self) -> &Scene {
        self.watch.scene()
    }

    /// Returns what is known of the view at the moment of a frame; frames come in the order of the feed.
    pub fn at(&mut self, frame: &Frame) -> &Scene {
        if frame.elapsed >= self.next_look {
            let before = self.watch.scene().name();
            match self.look(frame) {
                Ok(look) => {
                    self.watch.step(look, frame.elapsed);
                }
                Err(reason) => tracing::warn!("frame {}: cannot compare the view: {reason}", frame.index),
            }
            let wait = if self.watch.in_doubt() { EVERY_IN_DOUBT } else { EVERY };
            self.next_look = frame.elapsed + wait;
            let scene = self.watch.scene();
            if scene.name() != before {
                tracing::warn!("view at {:.0} s: {before} -> {scene}", frame.elapsed.as_secs_f64());
            }
        }
        self.watch.scene()
    }

    fn look(&mut self, frame: &Frame) -> Result<Look, String> {
        let size = working_size(frame.picture.size());
        let image = frame.picture.rgb(size).map_err(|e| e.to_string())?;
        let still = self.registrar.features(&image, size);
        frame.picture.recycle(image);
        let still = still?;
        if still.places_px.len() < LEAST_FEATURES {
            return Ok(Look::TooLittle);
        }
        let reference = match (self.reference.take(), self.given.take()) {
            (Some(known), _) if known.size == size => known,
            (None, Some(given)) => {
                let features = self.registrar.features(&given, size)?;
                self.given = Some(given);
                features
            }
            _ => still.clone(),
        };
        let found = self.compare(&reference, &still);
        self.reference = Some(reference);
        let Some(registration) = found? else { return Ok(Look::OtherView) };
        self.recent = Some(Recent { features: still, from_reference: registration.still_from_reference });
        Ok(Look::Registered(registration))
    }

    fn compare(&self, reference: &Features, still: &Features) -> Result<Option<Registration>, String> {
        let direct = self.registrar.register(reference, still)?.filter(Registration::is_good);
        let (None, Some(recent)) = (&direct, &self.recent) else { return Ok(direct) };
        if recent.features.size != still.size {
            return Ok(None);
        }
        let chained = self.registrar.register(&recent.features, still)?.filter(Registration::is_good);
        Ok(chained.and_then(|one| one.after(&recent.from_reference)))
    }
}

/// The size in which frames of a size are compared; the reference is brought to it as the lens is.
fn working_size(picture: SizePx) -> SizePx {
    let width = picture.width.clamp(1, WIDTH_PX);
    let height = (u64::from(picture.height) * u64::from(width)).div_ceil(u64::from(picture.width.max(1)));
    SizePx::new(width, u32::try_from(height).unwrap_or(u32::MAX).max(1))
}
