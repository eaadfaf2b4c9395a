//! OpenCV's outlines for the pipeline.

use models::{Mask, SizePx};
use pipeline::{Outline, Outliner, PictureRings, PictureZones};
use pipeline_cv::{Options, Ring, outlines};

/// Outlines by `pipeline-cv`.
#[derive(Debug, Clone, Copy)]
pub struct CvOutliner {
    /// Largest distance of a simplified outline from the mask's edge, pixels.
    pub simplify_px: f64,
}

impl Outliner for CvOutliner {
    fn outlines(&self, mask: &Mask, picture: SizePx, zones: &PictureZones) -> Result<Vec<Outline>, String> {
        let options = Options {
            simplify_px: self.simplify_px,
            ignore: in_pixels(&zones.permanent_water, picture),
            interest: in_pixels(&zones.regions_of_interest, picture),
            ..Options::default()
        };
        let found = outlines(mask, picture, &options).map_err(|e| e.to_string())?;
        let one = |o: pipeline_cv::Outline| Outline {
            ring_px: o.ring_px,
            area_px: o.area_px,
            mean_probability: f64::from(o.mean_probability),
            truncated: o.truncated,
        };
        Ok(found.into_iter().map(one).collect())
    }
}

fn in_pixels(rings: &PictureRings, picture: SizePx) -> Vec<Ring> {
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    rings.iter().map(|ring| ring.iter().map(|(u, v)| (u * width, v * height)).collect()).collect()
}
