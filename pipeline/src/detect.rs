//! All packs of one worker, looking at one picture.

use std::sync::Arc;

use gis::ModelRef;
use models::card::{Class, PlacedBy};
use models::{Answer, BoxPx, Card, Detection, Letterbox, Mask, RgbImage, SizePx};

use crate::explain::{Yielding, drop_explained};
use crate::frame::{Frame, Picture};
use crate::motion::Glance;
use crate::seen::{Detector, Outline, Outliner, PictureRings, PictureZones, Seen, Sight};
use crate::tiles;

/// Share of the card's least alarm that one outline needs to count by itself.
const OUTLINE_SHARE_OF_ALARM: f64 = 0.5;
/// The foot of what rises: the lowest tenth of its box, over the middle half of its width.
const FOOT_SHARE_OF_HEIGHT: f64 = 0.1;
const FOOT_SHARE_OF_WIDTH: f64 = 0.5;
/// A box that ends this near to the picture's edge may go on beyond it, pixels.
const AT_EDGE_PX: f32 = 1.0;

/// One worker's packs. A model runs once a picture for all packs that share it, and models of one input size share one
/// scaled picture.
pub struct PackDetector {
    models: Vec<models::Detector>,
    outliner: Arc<dyn Outliner>,
    most_tiles: usize,
    yielding: Vec<Yielding>,
}

impl PackDetector {
    /// Returns the detector of one worker.
    pub fn new(models: Vec<models::Detector>, outliner: Arc<dyn Outliner>) -> Self {
        let classes = models.iter().flat_map(models::Detector::cards).flat_map(|card| &card.classes);
        let yields = classes.filter(|class| !class.yields_to.is_empty());
        let yielding = yields.map(|c| Yielding { class: c.name.clone(), to: c.yields_to.clone() }).collect();
        Self { models, outliner, most_tiles: 0, yielding }
    }

    /// Also looks at tiles, at most so many a frame, where a card asks for a finer scale than the whole picture shows.
    #[must_use]
    pub fn with_tiles(self, most: usize) -> Self {
        Self { most_tiles: most, ..self }
    }
}

impl Detector for PackDetector {
    fn detect(&mut self, frame: &Frame, zones: &PictureZones) -> Result<Sight, String> {
        let picture = frame.picture.as_ref();
        let mut scaled: Option<RgbImage> = None;
        let (mut seen, mut all_masks) = (Vec::new(), Vec::new());
        for model in &mut self.models {
            let letterbox = model.letterbox(picture.size()).map_err(|e| e.to_string())?;
            let content = match scaled.take().filter(|image| image.size() == letterbox.scaled) {
                Some(image) => image,
                None => picture.rgb(letterbox.scaled).map_err(|e| e.to_string())?,
            };
            let mut answers = model.run(&content, &letterbox).map_err(|e| e.to_string())?;
            if let Some(gsd_m) = frame.gsd_m {
                look_closer(model, picture, &letterbox, gsd_m, self.most_tiles, &mut answers)?;
            }
            for (card, answer) in model.cards().zip(answers) {
                let (name, version, sha256) = (card.name.clone(), card.version.clone(), card.sha256.clone());
                let by = ModelRef { pack: name, version, sha256 };
                match answer {
                    Answer::Masks(masks) => {
                        for mask in &masks {
                            seen.extend(outlined(self.outliner.as_ref(), mask, picture.size(), zones, &by)?);
                        }
                        all_masks.extend(masks);
                    }
                    Answer::Boxes(boxes) => {
                        seen.extend(boxed(&boxes, &card.classes, picture.size(), zones, &by));
                    }
                }
            }
            scaled = Some(content);
        }
        drop_explained(&mut seen, &self.yielding, &all_masks, picture.size());
        let can_rise = |model: &models::Detector| model.cards().any(|card| card.classes.iter().any(rises));
        // Stills of a folder are no sequence.
        let watched = frame.name.is_none() && self.models.iter().any(can_rise);
        let glance = scaled.as_ref().filter(|_| watched).map(Glance::of);
        if let Some(scaled) = scaled {
            picture.recycle(scaled);
        }
        Ok(Sight { seen, glance })
    }
}

/// Adds what tiles show to the boxes of the cards that ask for them; masks stay those of the whole picture.
fn look_closer(
    model: &mut models::Detector,
    picture: &dyn Picture,
    whole: &Letterbox,
    gsd_m: f64,
    most: usize,
    answers: &mut [Answer],
) -> Result<(), String> {
    let coarsest = |card: &Card| card.tiles.as_ref().map(|tiles| tiles.coarsest_m);
    let wanted = model.cards().filter_map(coarsest).min_by(f64::total_cmp);
    let Some(plan) = wanted.and_then(|coarsest_m| tiles::plan(whole, gsd_m, coarsest_m, most)) else {
        return Ok(());
    };
    let scaled = picture.rgb(plan.scaled).map_err(|e| e.to_string())?;
    let letterbox = model.letterbox(plan.tile).map_err(|e| e.to_string())?;
    for &corner in &plan.corners {
        let tile = tiles::tile(&scaled, corner, plan.tile).ok_or("a tile lies outside the picture")?;
        let of_tile = model.run(&tile, &letterbox).map_err(|e| e.to_string())?;
        for ((card, whole), found) in model.cards().zip(answers.iter_mut()).zip(of_tile) {
            if let (Some(_), Answer::Boxes(all), Answer::Boxes(found)) = (&card.tiles, whole, found) {
                all.extend(tiles::in_picture(found, corner, &plan, picture.size()));
            }
        }
    }
    for (card, whole) in model.cards().zip(answers) {
        if let (Some(_), Answer::Boxes(all)) = (&card.tiles, whole) {
            *all = tiles::merged(std::mem::take(all), card.output.nms_iou.unwrap_or(1.0));
        }
    }
    Ok(())
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
    let seen = |outline: Outline| Seen {
        class: mask.class.clone(),
        score: outline.mean_probability,
        least_score: 0.0,
        outline,
        foot_px: None,
        model: model.clone(),
    };
    Ok(large.map(seen).collect())
}

/// Whether a class rises from where it stands.
fn rises(class: &Class) -> bool {
    class.placed_by == PlacedBy::Foot
}

/// Returns the boxes whose place on the ground lies in the regions of interest.
fn boxed(
    boxes: &[Detection],
    classes: &[Class],
    picture: SizePx,
    zones: &PictureZones,
    model: &ModelRef,
) -> Vec<Seen> {
    let seen = |found: &Detection| {
        let class = classes.iter().find(|class| class.name == found.class);
        let foot_px = class.is_some_and(rises).then(|| foot(&found.bounds));
        Seen {
            class: found.class.clone(),
            score: f64::from(found.score),
            least_score: class.map_or(0.0, |class| f64::from(class.threshold)),
            outline: outline_of(found, picture),
            foot_px,
            model: model.clone(),
        }
    };
    let all = boxes.iter().map(seen);
    all.filter(|one| counts(middle(one.placed_px()), picture, &zones.regions_of_interest)).collect()
}

fn outline_of(found: &Detection, picture: SizePx) -> Outline {
    let bounds = &found.bounds;
    let truncated = bounds.left_px < AT_EDGE_PX
        || bounds.top_px < AT_EDGE_PX
        || bounds.right_px > picture.width as f32 - AT_EDGE_PX
        || bounds.bottom_px > picture.height as f32 - AT_EDGE_PX;
    let [left, top, right, bottom] = edges(bounds);
    Outline {
        ring_px: rectangle(left, top, right, bottom),
        area_px: (right - left) * (bottom - top),
        mean_probability: f64::from(found.score),
        truncated,
    }
}

/// Where a plume leaves the ground.
fn foot(bounds: &BoxPx) -> Vec<(f64, f64)> {
    let [left, top, right, bottom] = edges(bounds);
    let aside = (right - left) * (1.0 - FOOT_SHARE_OF_WIDTH) / 2.0;
    rectangle(left + aside, bottom - (bottom - top) * FOOT_SHARE_OF_HEIGHT, right - aside, bottom)
}

fn edges(bounds: &BoxPx) -> [f64; 4] {
    [bounds.left_px, bounds.top_px, bounds.right_px, bounds.bottom_px].map(f64::from)
}

fn rectangle(left: f64, top: f64, right: f64, bottom: f64) -> Vec<(f64, f64)> {
    vec![(left, top), (right, top), (right, bottom), (left, bottom)]
}

fn middle(ring_px: &[(f64, f64)]) -> (f64, f64) {
    let (u, v) = ring_px.iter().fold((0.0, 0.0), |(u, v), corner| (u + corner.0, v + corner.1));
    let corners = ring_px.len().max(1) as f64;
    (u / corners, v / corners)
}

/// Without regions every place counts.
fn counts((u_px, v_px): (f64, f64), picture: SizePx, regions: &PictureRings) -> bool {
    let at = (u_px / f64::from(picture.width), v_px / f64::from(picture.height));
    regions.is_empty() || regions.iter().any(|ring| inside(at, ring))
}

/// Whether a ray to the right crosses the ring an odd number of times.
fn inside((u, v): (f64, f64), ring: &[(f64, f64)]) -> bool {
    let ends = ring.iter().skip(1).chain(ring.first());
    let crosses = |((u0, v0), (u1, v1)): (&(f64, f64), &(f64, f64))| {
        (*v0 > v) != (*v1 > v) && u < u0 + (u1 - u0) * (v - v0) / (v1 - v0)
    };
    ring.iter().zip(ends).filter(|edge| crosses(*edge)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: SizePx = SizePx::new(400, 200);

    fn found(class: &str, edges: [f32; 4]) -> Detection {
        let [left_px, top_px, right_px, bottom_px] = edges;
        Detection { class: class.into(), score: 0.75, bounds: BoxPx { left_px, top_px, right_px, bottom_px } }
    }

    fn seen(boxes: &[Detection], zones: &PictureZones) -> Vec<Seen> {
        let model = ModelRef { pack: "p".into(), version: "1".into(), sha256: String::new() };
        let fume = Class {
            id: 0,
            name: "fume".into(),
            threshold: 0.5,
            min_area_share: None,
            placed_by: PlacedBy::Foot,
            yields_to: Vec::new(),
        };
        boxed(boxes, &[fume], PICTURE, zones, &model)
    }

    #[test]
    fn a_box_is_an_outline_and_placed_as_it_is() {
        let seen = seen(&[found("waste", [100.0, 50.0, 140.0, 80.0])], &PictureZones::default());
        let one = &seen[0];
        assert_eq!(one.outline.ring_px, [(100.0, 50.0), (140.0, 50.0), (140.0, 80.0), (100.0, 80.0)]);
        assert_eq!((one.outline.area_px, one.score, one.outline.truncated), (1200.0, 0.75, false));
        assert_eq!(one.placed_px(), one.outline.ring_px);
    }

    #[test]
    fn a_plume_is_drawn_whole_and_placed_by_its_foot() {
        let seen = seen(&[found("fume", [100.0, 0.0, 180.0, 100.0])], &PictureZones::default());
        let one = &seen[0];
        assert!((one.outline.area_px - 8000.0).abs() < 1e-9);
        assert!(one.outline.truncated, "it touches the upper edge");
        assert_eq!(one.placed_px(), [(120.0, 90.0), (160.0, 90.0), (160.0, 100.0), (120.0, 100.0)]);
    }

    #[test]
    fn boxes_outside_the_regions_of_interest_do_not_count() {
        let lower_half = vec![(0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)];
        let zones = PictureZones { regions_of_interest: vec![lower_half], ..PictureZones::default() };
        let boxes = [
            found("waste", [10.0, 20.0, 50.0, 60.0]),
            found("waste", [10.0, 120.0, 50.0, 160.0]),
            // Most of the plume hangs above the region, its foot stands in it.
            found("fume", [200.0, 5.0, 300.0, 130.0]),
        ];
        let classes: Vec<String> = seen(&boxes, &zones).into_iter().map(|one| one.class).collect();
        assert_eq!(classes, ["waste", "fume"]);
    }

    #[test]
    fn a_point_is_inside_a_ring_that_bends_around_it() {
        let horseshoe =
            [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0), (0.6, 0.3), (0.4, 0.3), (0.4, 1.0), (0.0, 1.0)];
        for (at, expected) in [
            ((0.2, 0.8), true),
            ((0.5, 0.8), false),
            ((0.8, 0.8), true),
            ((0.5, 0.1), true),
            ((1.2, 0.5), false),
        ] {
            assert_eq!(inside(at, &horseshoe), expected, "{at:?}");
        }
    }
}
