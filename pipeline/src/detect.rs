//! All packs of one worker, looking at one picture.

use std::sync::Arc;

use gis::ModelRef;
use models::{Mask, RgbImage, SizePx};

use crate::frame::Picture;
use crate::seen::{Detector, Outliner, PictureZones, Seen};

/// Share of the card's least alarm that one outline needs to count by itself.
const OUTLINE_SHARE_OF_ALARM: f64 = 0.5;

/// One worker's packs. Packs of one input size share one scaled picture.
pub struct PackDetector {
    packs: Vec<models::Detector>,
    outliner: Arc<dyn Outliner>,
}

impl PackDetector {
    /// Returns the detector of one worker.
    pub fn new(packs: Vec<models::Detector>, outliner: Arc<dyn Outliner>) -> Self {
        Self { packs, outliner }
    }
}

impl Detector for PackDetector {
    fn detect(&mut self, picture: &dyn Picture, zones: &PictureZones) -> Result<Vec<Seen>, String> {
        let mut scaled: Option<RgbImage> = None;
        let mut seen = Vec::new();
        for pack in &mut self.packs {
            let letterbox = pack.letterbox(picture.size()).map_err(|e| e.to_string())?;
            let content = match scaled.take().filter(|image| image.size() == letterbox.scaled) {
                Some(image) => image,
                None => picture.rgb(letterbox.scaled).map_err(|e| e.to_string())?,
            };
            let masks = pack.run(&content, &letterbox).map_err(|e| e.to_string())?;
            let card = pack.card();
            let (name, version, sha256) = (card.name.clone(), card.version.clone(), card.sha256.clone());
            let model = ModelRef { pack: name, version, sha256 };
            for mask in &masks {
                seen.extend(outlined(self.outliner.as_ref(), mask, picture.size(), zones, &model)?);
            }
            scaled = Some(content);
        }
        Ok(seen)
    }
}

/// Returns the outlines of a mask when together they are large enough for the card's alarm.
fn outlined(
    outliner: &dyn Outliner,
    mask: &Mask,
    picture: SizePx,
    zones: &PictureZones,
    model: &ModelRef,
) -> Result<Vec<Seen>, String> {
    let outlines = outliner.outlines(mask, picture, zones)?;
    let least_px = f64::from(mask.min_area_share) * picture.pixels() as f64;
    let total_px: f64 = outlines.iter().map(|outline| outline.area_px).sum();
    if total_px < least_px {
        return Ok(Vec::new());
    }
    let large = outlines.into_iter().filter(|outline| outline.area_px >= least_px * OUTLINE_SHARE_OF_ALARM);
    let seen = |outline: crate::seen::Outline| Seen {
        class: mask.class.clone(),
        score: outline.mean_probability,
        outline,
        model: model.clone(),
    };
    Ok(large.map(seen).collect())
}
