//! Large pictures cut into tiles, so that a model sees the ground at a scale it was trained for.

use models::{BoxPx, Detection, Letterbox, RgbImage, SizePx};

/// Share of a tile that it has in common with its neighbour: a thing cut by one is whole in the other.
const OVERLAP: f64 = 0.2;
/// Least enlargement over the whole picture that is worth the runs.
const LEAST_ZOOM: f64 = 1.2;
/// Pictures are not enlarged beyond this: it would show nothing more.
const MOST_ENLARGED: f64 = 2.0;
/// Enlargements come in these steps, so that a slightly different height does not cut frames anew.
const ZOOM_STEP: f64 = 1.189_207_115_002_721;
/// A box this near to the inner edge of a tile is cut by it, pixels of the tile.
const AT_EDGE_PX: f32 = 2.0;
/// Of two boxes of which the smaller lies inside the other by this share, the better stays.
const INSIDE_SHARE: f32 = 0.7;

/// How one picture is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Size that the whole picture is scaled to before it is cut.
    pub scaled: SizePx,
    /// Size of every tile.
    pub tile: SizePx,
    /// Top left corners in the scaled picture, row by row.
    pub corners: Vec<(u32, u32)>,
}

/// Returns how a picture is cut so that a pixel of the input shows at most `coarsest_m` of ground; `None` when the whole
/// picture shows it well enough, or nothing is known.
///
/// Where that takes more than `most` tiles, they are as large as `most` allows.
///
/// # Units
/// `gsd_m` and `coarsest_m` are metres of ground a pixel, of the picture and of the input.
pub fn plan(whole: &Letterbox, gsd_m: f64, coarsest_m: f64, most: usize) -> Option<Plan> {
    let wanted = gsd_m / whole.scale / coarsest_m;
    if !wanted.is_finite() || wanted <= 0.0 {
        return None;
    }
    let steps = (wanted.log2() / ZOOM_STEP.log2()).round();
    let mut zoom = ZOOM_STEP.powf(steps).min(MOST_ENLARGED / whole.scale);
    while zoom >= LEAST_ZOOM {
        let plan = cut(whole, zoom);
        if plan.corners.len() <= most {
            return Some(plan);
        }
        zoom /= ZOOM_STEP;
    }
    None
}

fn cut(whole: &Letterbox, zoom: f64) -> Plan {
    let side = |side: u32| (f64::from(side) * whole.scale * zoom).round().max(1.0) as u32;
    let scaled = SizePx::new(side(whole.picture.width), side(whole.picture.height));
    let tile = SizePx::new(whole.input.width.min(scaled.width), whole.input.height.min(scaled.height));
    let columns = starts(scaled.width, tile.width);
    let rows = starts(scaled.height, tile.height);
    let corners = rows.iter().flat_map(|&top| columns.iter().map(move |&left| (left, top))).collect();
    Plan { scaled, tile, corners }
}

/// Returns where tiles of one length begin along a side, evenly spread from edge to edge.
fn starts(side: u32, tile: u32) -> Vec<u32> {
    let (length, step) = (f64::from(side), f64::from(tile) * (1.0 - OVERLAP));
    let count = ((length - f64::from(tile) * OVERLAP) / step).ceil().max(1.0) as u32;
    let free = side.saturating_sub(tile);
    (0..count).map(|i| if count == 1 { 0 } else { free * i / (count - 1) }).collect()
}

/// Returns one tile of the scaled picture; `None` when it does not lie inside.
pub fn tile(scaled: &RgbImage, corner: (u32, u32), size: SizePx) -> Option<RgbImage> {
    let (left, width, row) = (corner.0 as usize * 3, size.width as usize * 3, scaled.width as usize * 3);
    let rows = scaled.data.chunks_exact(row).skip(corner.1 as usize).take(size.height as usize);
    let cut: Option<Vec<&[u8]>> = rows.map(|line| line.get(left..left + width)).collect();
    RgbImage::new(size.width, size.height, cut?.concat())
}

/// Returns the boxes of one tile in pixels of the picture, without those that an inner edge of the tile cuts.
pub fn in_picture(found: Vec<Detection>, corner: (u32, u32), plan: &Plan, picture: SizePx) -> Vec<Detection> {
    let (left, top) = (corner.0 as f32, corner.1 as f32);
    let (right_free, bottom_free) =
        (corner.0 + plan.tile.width >= plan.scaled.width, corner.1 + plan.tile.height >= plan.scaled.height);
    let (width, height) = (plan.tile.width as f32, plan.tile.height as f32);
    let whole = |bounds: &BoxPx| {
        (corner.0 == 0 || bounds.left_px > AT_EDGE_PX)
            && (corner.1 == 0 || bounds.top_px > AT_EDGE_PX)
            && (right_free || bounds.right_px < width - AT_EDGE_PX)
            && (bottom_free || bounds.bottom_px < height - AT_EDGE_PX)
    };
    let across = picture.width as f32 / plan.scaled.width as f32;
    let down = picture.height as f32 / plan.scaled.height as f32;
    let moved = |found: Detection| {
        let BoxPx { left_px, top_px, right_px, bottom_px } = found.bounds;
        let bounds = BoxPx {
            left_px: (left_px + left) * across,
            top_px: (top_px + top) * down,
            right_px: (right_px + left) * across,
            bottom_px: (bottom_px + top) * down,
        };
        Detection { bounds, ..found }
    };
    found.into_iter().filter(|found| whole(&found.bounds)).map(moved).collect()
}

/// Returns the boxes of the whole picture and of its tiles without doubles, best first.
///
/// Of two boxes of one class that overlap by more than `iou`, or of which one lies mostly inside the other, the better stays.
pub fn merged(mut all: Vec<Detection>, iou: f32) -> Vec<Detection> {
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::with_capacity(all.len());
    for found in all {
        let double = |better: &Detection| {
            better.class == found.class
                && (better.bounds.iou(&found.bounds) > iou || inside(&better.bounds, &found.bounds))
        };
        if !kept.iter().any(double) {
            kept.push(found);
        }
    }
    kept
}

fn inside(a: &BoxPx, b: &BoxPx) -> bool {
    let (iou, areas) = (a.iou(b), a.area_px() + b.area_px());
    let shared = areas * iou / (1.0 + iou);
    shared > INSIDE_SHARE * a.area_px().min(b.area_px())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: SizePx = SizePx::new(640, 384);

    fn whole(width: u32, height: u32) -> Letterbox {
        Letterbox::fit(SizePx::new(width, height), INPUT).unwrap()
    }

    fn found(score: f32, edges: [f32; 4]) -> Detection {
        let [left_px, top_px, right_px, bottom_px] = edges;
        Detection { class: "waste".into(), score, bounds: BoxPx { left_px, top_px, right_px, bottom_px } }
    }

    #[test]
    fn a_picture_that_shows_the_ground_well_enough_is_not_cut() {
        // 4K at 1 cm a pixel is 6 cm a pixel of the input.
        assert_eq!(plan(&whole(3840, 2160), 0.01, 0.06, 99), None);
        assert_eq!(plan(&whole(3840, 2160), f64::NAN, 0.06, 99), None);
        assert_eq!(plan(&whole(3840, 2160), 0.0, 0.06, 99), None);
    }

    #[test]
    fn tiles_cover_the_picture_with_overlap_and_at_the_wanted_scale() {
        // 4K at 3 cm a pixel is 18 cm a pixel of the input: three times too coarse.
        let plan = plan(&whole(3840, 2160), 0.03, 0.06, 99).unwrap();
        let gsd_m = 0.03 * 3840.0 / f64::from(plan.scaled.width);
        assert!((0.05..0.07).contains(&gsd_m), "{gsd_m} m");
        for (side, tile, of) in [(plan.scaled.width, 640, 0), (plan.scaled.height, 384, 1)] {
            let mut starts: Vec<u32> = plan.corners.iter().map(|c| if of == 0 { c.0 } else { c.1 }).collect();
            starts.sort_unstable();
            starts.dedup();
            assert_eq!((starts[0], starts[starts.len() - 1] + tile), (0, side));
            let least_shared = starts.windows(2).map(|pair| pair[0] + tile - pair[1]).min().unwrap();
            assert!(f64::from(least_shared) >= 0.19 * f64::from(tile), "{least_shared} of {tile}");
        }
    }

    #[test]
    fn the_number_of_tiles_is_bounded_and_small_pictures_are_not_blown_up() {
        let most = plan(&whole(3840, 2160), 1.0, 0.06, 12).unwrap();
        assert!(most.corners.len() <= 12 && most.corners.len() > 6, "{}", most.corners.len());
        let small = plan(&whole(640, 360), 1.0, 0.06, 99).unwrap();
        assert_eq!(small.scaled, SizePx::new(1280, 720));
        assert_eq!(plan(&whole(640, 360), 1.0, 0.06, 1), None);
    }

    #[test]
    fn a_tile_holds_the_pixels_of_its_place() {
        let data = (0..6 * 4).flat_map(|at| [at, at, at]).collect();
        let scaled = RgbImage::new(6, 4, data).unwrap();
        let cut = tile(&scaled, (2, 1), SizePx::new(3, 2)).unwrap();
        let levels: Vec<u8> = cut.data.iter().step_by(3).copied().collect();
        assert_eq!(levels, [8, 9, 10, 14, 15, 16]);
        assert_eq!(tile(&scaled, (4, 1), SizePx::new(3, 2)), None);
    }

    #[test]
    fn boxes_cut_by_an_inner_edge_are_left_to_the_neighbour() {
        let whole = whole(1280, 720);
        let plan = plan(&whole, 0.1, 0.1, 99).unwrap();
        let picture = SizePx::new(1280, 720);
        let left = vec![found(0.9, [0.0, 10.0, 20.0, 30.0]), found(0.8, [600.0, 10.0, 640.0, 30.0])];
        let kept = in_picture(left, plan.corners[0], &plan, picture);
        assert_eq!(kept, [found(0.9, [0.0, 10.0, 20.0, 30.0])]);
        let last = *plan.corners.last().unwrap();
        assert_eq!(last, (640, 336));
        let right = vec![found(0.8, [600.0, 340.0, 640.0, 384.0]), found(0.7, [0.0, 100.0, 30.0, 130.0])];
        assert_eq!(in_picture(right, last, &plan, picture), [found(0.8, [1240.0, 676.0, 1280.0, 720.0])]);
    }

    #[test]
    fn what_several_tiles_see_is_one_box() {
        let all = vec![
            found(0.5, [0.0, 0.0, 10.0, 10.0]),
            found(0.9, [1.0, 1.0, 11.0, 11.0]),
            found(0.6, [2.0, 2.0, 6.0, 6.0]),
            found(0.4, [50.0, 0.0, 60.0, 10.0]),
        ];
        let scores: Vec<f32> = merged(all, 0.5).iter().map(|found| found.score).collect();
        assert_eq!(scores, [0.9, 0.4]);
    }
}
